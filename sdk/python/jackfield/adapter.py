"""What an adapter implements."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .about import Description
from .host import Host
from .model import Disposition, Inbound, Lead, LeadStatus, Receipt


class Adapter(ABC):
    """A CRM adapter: what every one must be able to do.

    The host makes a fresh instance for every call, so nothing that is kept in `self` is there for the next one. What
    reaches outside goes through the `Host`, which is the real one in a component and a script in a test.

    Raise a `Failure` where the CRM fails, and do not retry: the host does, by the failure's class. Any other exception
    is a fault: the host shows its message and place to operators.
    """

    @abstractmethod
    def describe(self) -> Description:
        """What the adapter is and needs. Run once when it is pushed, with no network and no settings."""

    @abstractmethod
    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        """Asks the CRM whether the lead may be called now.

        Any failure makes the host answer that the lead must not be called.
        """

    @abstractmethod
    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        """Writes a call's outcome to the CRM, once.

        `idempotency_key` is the same on every attempt and replay; hand it to the CRM if it has a place for it.
        """


class Lookup(ABC):
    """An adapter that can find out whether a write was made; named `lookup` in `adapter.toml`."""

    @abstractmethod
    def find(self, host: Host, lead_id: str, idempotency_key: str) -> Receipt | None:
        """The receipt of the write with this key, or none if the CRM surely holds no such record.

        Raise a failure when the CRM cannot say: the host then asks again later rather than write twice.
        """


class ParseLeads(ABC):
    """An adapter that reads the CRM's own webhook shape; named `leads` in `adapter.toml`."""

    @abstractmethod
    def parse_leads(self, host: Host, inbound: Inbound) -> list[Lead]:
        """The leads in a webhook whose signature the host has verified; none if it is an event of another kind.

        `Rejected` sends the webhook to review with its raw bytes.
        """


_exported: list[Adapter] = []


def export(adapter: Adapter) -> None:
    """Says which adapter the component is. Called once, at the end of `src/adapter.py`; without effect in tests."""
    if not isinstance(adapter, Adapter):
        raise TypeError(f"export an instance, such as `export(Acme())`, of a class that derives from Adapter: {adapter!r}")
    _exported[:] = [adapter]

"""What an adapter implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from .about import Description
from .failures import Rejected
from .host import Host
from .model import Disposition, Inbound, Lead, LeadStatus, Receipt

T = TypeVar("T")


class Adapter(ABC):
    """A CRM adapter: what every adapter must implement.

    Every invocation runs in a fresh instance, so nothing stored in `self` is available to the next one. All access to
    the outside goes through the `Host`, which is the real one in a component and a script in a test.

    Raise a `Failure` if the CRM fails, and do not retry: the host does, by the failure's class. Any other exception is
    a fault: the host shows its message and position to operators.
    """

    @abstractmethod
    def describe(self) -> Description:
        """What the adapter is and needs. Invoked once, when it is pushed, without network and settings."""

    @abstractmethod
    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        """Asks the CRM whether the lead may be called now.

        After any failure, the host answers that the lead must not be called.
        """

    @abstractmethod
    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        """Writes a call's outcome to the CRM, once.

        `idempotency_key` is the same on every attempt and replay; send it to the CRM if the CRM accepts one.
        """


class Lookup(ABC):
    """An adapter that can find out whether a write was made; named `lookup` in `adapter.toml`."""

    @abstractmethod
    def find(self, host: Host, lead_id: str, idempotency_key: str) -> Receipt | None:
        """The receipt of the write with this key, or none if the CRM certainly has no such record.

        Raise a failure if the CRM cannot say: the host then asks again later rather than write twice.
        """


class ParseLeads(ABC):
    """An adapter that parses the CRM's own webhook format; named `leads` in `adapter.toml`."""

    @abstractmethod
    def parse_leads(self, host: Host, inbound: Inbound) -> Sequence[Lead | Rejected]:
        """The leads in a webhook whose signature the host has verified; none for an event of another kind.

        A lead that cannot be read is a `Rejected` in its place of the list: it goes to review alone, and the others are
        delivered. `each_lead` makes such a list. Return the leads in the webhook's order, always, since a lead's place
        is part of its key. A `Rejected` that is raised sends the whole webhook to review with its raw bytes.
        """


def each_lead(found: Iterable[T], read: Callable[[T], Lead]) -> list[Lead | Rejected]:
    """Reads each lead of a webhook. Where `read` rejects one, the rejection is in its place, so that one bad lead does
    not stop the others."""
    leads: list[Lead | Rejected] = []
    for one in found:
        try:
            leads.append(read(one))
        except Rejected as rejected:
            leads.append(rejected)
    return leads


_exported: list[Adapter] = []


def export(adapter: Adapter) -> None:
    """Sets the adapter of the component. Called once, at the end of `src/adapter.py`; has no effect in tests."""
    if not isinstance(adapter, Adapter):
        raise TypeError(f"export an instance, such as `export(Acme())`, of a class that derives from Adapter: {adapter!r}")
    _exported[:] = [adapter]

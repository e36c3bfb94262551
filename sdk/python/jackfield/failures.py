"""Why a call did not succeed. The class alone decides what the host does next, so choose it with care.

==================  ====================================================================  ===========================
raise               when                                                                  the host
==================  ====================================================================  ===========================
`Unavailable`       the CRM did not take the request and nothing was written              tries again later
`Unknown`           the request left, and nobody knows whether it was carried out         looks it up, writes again if
                                                                                          writes are idempotent, or
                                                                                          asks a person
`RateLimited`       the CRM asks to slow down                                             waits as long as it is asked
`Unauthorized`      the credentials were refused                                          alerts at once, tries again
`Rejected`          the CRM understood the request and refused it as it stands            asks a person
`NotFound`          the CRM does not know the lead                                        asks a person
==================  ====================================================================  ===========================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class Failure(Exception):
    """A call did not succeed, in a way that the contract names. Raise one of the classes below."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(type(self))


class Unavailable(Failure):
    """The CRM did not take the request and nothing was written: it is down, overloaded or in maintenance."""


class Unknown(Failure):
    """The request left and it is not known whether it was carried out: no answer, a broken answer, a 500."""


class RateLimited(Failure):
    """The CRM asks to slow down. `retry_after` is its wish in whole seconds, if it named one."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__(retry_after)
        # What does not fit the contract's 32 bits is as good as for ever: the host waits a day at most.
        self.retry_after = None if retry_after is None else max(0, min(retry_after, 2**32 - 1))


class Unauthorized(Failure):
    """The credentials were refused."""


class NotFound(Failure):
    """The CRM does not know the lead."""


@dataclass(frozen=True)
class FieldError:
    """A field that the CRM refused."""

    field: str
    """Its name, as the CRM calls it."""
    message: str
    """What is wrong with it, in the CRM's words."""


class Rejected(Failure):
    """The CRM understood the request and refused it as it stands; the same request would be refused again.

    A person sees code, message and fields in review. None of them may hold personal data.
    """

    def __init__(self, code: str, message: str, fields: Iterable[FieldError] = ()) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.fields = tuple(fields)

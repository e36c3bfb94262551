"""Why an invocation did not succeed. The class alone decides what the host does next, so choose it with care.

==================  ====================================================================  ===========================
raise               when                                                                  the host
==================  ====================================================================  ===========================
`Unavailable`       the CRM did not accept the request and nothing was written            retries later
`Unknown`           the request was sent, and the CRM may have carried it out             looks it up, writes again if
                                                                                          writes are idempotent, or
                                                                                          asks a person
`RateLimited`       the CRM asks to slow down                                             waits as long as it says
`Unauthorized`      the credentials were refused                                          alerts at once, retries
`Rejected`          the CRM understood the request and refused it                         asks a person
`NotFound`          the CRM does not know the lead                                        asks a person
`Conflict`          the record moved between reading and writing; nothing was written     tries again within seconds
==================  ====================================================================  ===========================

`Unavailable`, `Unknown`, `Unauthorized` and `Conflict` take a reason: one sentence for the operator who looks at the
delivery, such as `Unavailable("the CRM answered 200 with status E503")`. It must not contain personal data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class Failure(Exception):
    """An invocation did not succeed, for a reason that the contract names. Raise one of the classes below."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(type(self))


class _Reasoned(Failure):
    """A failure that may carry a reason for operators, without personal data."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(*(() if reason is None else (reason,)))
        self.reason = reason


class Unavailable(_Reasoned):
    """The CRM did not accept the request and nothing was written: it is down, overloaded or in maintenance."""


class Unknown(_Reasoned):
    """The request was sent and it is not known whether the CRM carried it out: no answer, a broken answer, a 500."""


class RateLimited(Failure):
    """The CRM asks to slow down. `retry_after` is the delay in whole seconds that it asks for, if any."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__(retry_after)
        # A longer delay than fits the contract's 32 bits makes no difference: the host waits a day at most.
        self.retry_after = None if retry_after is None else max(0, min(retry_after, 2**32 - 1))


class Unauthorized(_Reasoned):
    """The credentials were refused."""


class Conflict(_Reasoned):
    """The CRM's record moved between reading and writing it (an `ETag`, a revision), and nothing was written.

    Read again and try once more within the invocation first.
    """


class NotFound(Failure):
    """The CRM does not know the lead."""


@dataclass(frozen=True)
class FieldError:
    """A field that the CRM refused."""

    field: str
    """Its name, as the CRM names it."""
    message: str
    """What is wrong with it, in the CRM's words."""


class Rejected(Failure):
    """The CRM understood the request and refused it; it would refuse the same request again.

    A person sees code, message and fields in review. None of them may contain personal data.
    """

    def __init__(self, code: str, message: str, fields: Iterable[FieldError] = ()) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.fields = tuple(fields)

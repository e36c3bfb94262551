"""Telephone numbers: E.164 in the contract, ten digits in many Indian CRMs.

The host knows the numbering plans of all countries, so an adapter needs no rule of its own.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from .failures import FieldError, Rejected

if TYPE_CHECKING:
    from .host import Host

_INDIAN_MOBILE = re.compile(r"\+91([6-9]\d{9})", re.ASCII)


class PhoneError(Enum):
    """Why the host did not normalise a number."""

    NOT_A_NUMBER = "not_a_number"
    """The text is not a telephone number."""
    NO_COUNTRY = "no_country"
    """The number has no country code, and the tenant's file has no `country`."""
    NOT_IN_PLAN = "not_in_plan"
    """The country's numbering plan has no such number."""


_MESSAGES = {
    PhoneError.NOT_A_NUMBER: "is not a telephone number",
    PhoneError.NO_COUNTRY: "has no country code, and the tenant's file has no `country`",
    PhoneError.NOT_IN_PLAN: "is not in its country's numbering plan: too short, too long, or an unknown prefix",
}


def e164(host: Host, text: str, *, field: str = "phone") -> str:
    """Converts a number as people and CRMs write it to E.164, such as `+919800000000`. A number without a country code
    is one of the tenant's `country`.

    Rejected if it is not a number. `field` names it, as the CRM does, and the message says why: it is not a number, it
    has no country code, or its country's plan has no such number.
    """
    came = host._imports.normalize(text)
    if isinstance(came, PhoneError):
        raise Rejected("bad-phone", "a telephone number cannot be used", [FieldError(field, _MESSAGES[came])])
    return came


def ten_digits(e164: str) -> str | None:
    """The ten digits of an Indian mobile number in E.164. None for any other number."""
    written = _INDIAN_MOBILE.fullmatch(e164)
    return written[1] if written else None

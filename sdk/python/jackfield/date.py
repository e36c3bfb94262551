"""Dates as CRMs write them: RFC 3339 on one side, Indian local time on the other.

A component has no time zone database. Indian standard time needs none; the zone of a site visit is passed on by name.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

from .failures import FieldError, Rejected
from .model import SiteVisit

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""Indian standard time: five and a half hours ahead of UTC, all year."""

DEFAULT_ZONE = "Asia/Kolkata"
"""The zone of a site visit that names none."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d", re.ASCII)


def instant(rfc3339: str) -> datetime | None:
    """Reads an RFC 3339 instant, such as `2026-07-01T09:01:55.000Z`, and drops digits after microseconds. None if it is
    not one."""
    if not _INSTANT.fullmatch(rfc3339):
        return None
    # Python 3.10 reads neither `Z` nor an arbitrary number of decimals.
    seconds, fraction, offset = rfc3339[:19], _INSTANT.fullmatch(rfc3339)[1] or "", rfc3339[19:]  # type: ignore[index]
    offset = offset.removeprefix(fraction).replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(f"{seconds}.{(fraction[1:7]):0<6}{offset}")
    except ValueError:
        return None


def in_ist(rfc3339: str) -> datetime:
    """An RFC 3339 instant in Indian standard time. Rejected if it is not one; the host's own instants always are."""
    read = instant(rfc3339)
    if read is None:
        raise _bad_date("an instant is not written as RFC 3339", "accepted_at")
    try:
        return read.astimezone(IST)
    except OverflowError:
        raise _bad_date("an instant is beyond the calendar", "accepted_at") from None


def parse_ist(pattern: str, text: str) -> datetime | None:
    """A date and time of day in Indian standard time, read by a `strptime` pattern, such as `01/07/2026 14:31` by
    `%d/%m/%Y %H:%M`. None if it does not fit."""
    try:
        return datetime.strptime(text, pattern).replace(tzinfo=IST)
    except ValueError:
        return None


def rfc3339(instant: datetime) -> str:
    """RFC 3339 with an offset, as the contract wants instants: `2026-07-01T14:31:00+05:30`.

    Raises `ValueError` for a time without a zone, which is not an instant.
    """
    if instant.tzinfo is None:
        raise ValueError("a time without a zone is not an instant: give it `tzinfo=date.IST`")
    return instant.isoformat(timespec="microseconds" if instant.microsecond else "seconds")


def visit_start(visit: SiteVisit | None) -> tuple[date, time, str] | None:
    """When a booked site visit begins: local date, time of day and the name of their zone (`DEFAULT_ZONE` if it names
    none). None if no visit is booked, or its date or time is missing, because a call can end at any point.

    Rejected, with the field's name, if date or time does not exist, for a person to correct in review.
    """
    if visit is None or not visit.booked or visit.date is None or visit.time_slot is None:
        return None
    message = "the site visit is not a real date and time"
    try:
        # Check the pattern first: Python's own parsers accept more than the contract's forms.
        day = date.fromisoformat(_DATE.fullmatch(visit.date)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise _bad_date(message, "site_visit.date") from None
    try:
        starts = time.fromisoformat(_TIME.fullmatch(visit.time_slot)[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise _bad_date(message, "site_visit.time_slot") from None
    return day, starts, visit.timezone or DEFAULT_ZONE


def _bad_date(message: str, field: str) -> Rejected:
    return Rejected("bad-date", message, [FieldError(field, "cannot be understood")])


# `strptime` imports a module when it is first used; in a component, its file no longer exists.
datetime.strptime("2026", "%Y")

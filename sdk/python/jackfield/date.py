"""Dates as CRMs write them: RFC 3339 on one side, local times on the other.

A component has no time zone database: the host has one, and converts. A local time that does not exist, because clocks
go forward over it, is moved forward by the length of the gap. A time that exists twice is the earlier one. Indian
standard time needs no database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING

from .failures import FieldError, Rejected
from .instants import instant, normalized, rfc3339
from .model import SiteVisit

if TYPE_CHECKING:
    from .host import Host

__all__ = [
    "DEFAULT_ZONE",
    "IST",
    "DateError",
    "VisitStart",
    "from_local",
    "in_ist",
    "in_zone",
    "instant",
    "normalized",
    "parse_ist",
    "parse_local",
    "rfc3339",
    "visit_start",
]

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""Indian standard time: five and a half hours ahead of UTC, all year."""

DEFAULT_ZONE = "Asia/Kolkata"
"""The zone of a site visit that names none."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d", re.ASCII)


class DateError(Enum):
    """Why the host did not convert a time."""

    UNKNOWN_ZONE = "unknown_zone"
    """The zone is not the IANA name of a time zone, such as `Asia/Kolkata`, or `UTC`."""
    INVALID_TIME = "invalid_time"
    """The time does not have the expected form, or does not exist in the calendar."""


@dataclass(frozen=True)
class VisitStart:
    """When a site visit begins."""

    at: datetime
    """With the zone's offset at that time; `rfc3339` prints it."""
    zone: str
    """The IANA name of the zone, such as `Asia/Kolkata`."""


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
    read = _strptime(pattern, text)
    return read and read.replace(tzinfo=IST)


def from_local(host: Host, local: datetime | str, zone: str, *, field: str = "timezone") -> datetime:
    """A local time in a named zone, with the zone's offset at that time. The local time is a `datetime` without a zone,
    or `YYYY-MM-DDTHH:MM` with optional seconds and decimals.

    Rejected, with the name in `field`, if the zone does not exist; with `time`, if the local time does not.
    """
    if isinstance(local, datetime):
        if local.tzinfo is not None:
            raise ValueError("a time with an offset is an instant and needs no zone")
        local = local.isoformat()
    return _converted(host._imports.instant(local, zone), field)


def in_zone(host: Host, instant: datetime | str, zone: str, *, field: str = "timezone") -> datetime:
    """An instant in a named zone, with the zone's offset, to be printed for a CRM: by `strftime`, or `rfc3339`.

    Rejected, with the name in `field`, if the zone does not exist; with `time`, if the instant is not one.
    """
    text = instant if isinstance(instant, str) else rfc3339(instant)
    return _converted(host._imports.local(normalized(text) or text, zone), field)


def parse_local(host: Host, pattern: str, text: str, zone: str, *, field: str = "timezone") -> datetime | None:
    """A CRM's local date and time of day in a named zone, read by a `strptime` pattern, with the zone's offset. None if
    it does not fit.

    Rejected, with the name in `field`, if the zone does not exist: it comes from the tenant's settings, or from a call.
    """
    read = _strptime(pattern, text)
    return read and from_local(host, read, zone, field=field)


def visit_start(host: Host, visit: SiteVisit | None) -> VisitStart | None:
    """When a booked site visit begins, in the visit's own zone (`DEFAULT_ZONE` if it names none). None if no visit is
    booked, or its date or time is missing, because a call can end at any point.

    Rejected, with the field's name, if date, time or zone does not exist, for a person to correct in review.
    """
    if visit is None or not visit.booked or visit.date is None or visit.time_slot is None:
        return None
    message = "the site visit is not a real date, time and zone"
    # Checked here, because the host does not say which of the two is wrong. Python's own parsers accept more forms.
    for text, form, reader, field in (
        (visit.date, _DATE, date.fromisoformat, "site_visit.date"),
        (visit.time_slot, _TIME, time.fromisoformat, "site_visit.time_slot"),
    ):
        try:
            if form.fullmatch(text) is None:
                raise ValueError
            reader(text)
        except ValueError:
            raise _bad_date(message, field) from None
    zone = visit.timezone or DEFAULT_ZONE
    starts = host._imports.instant(f"{visit.date}T{visit.time_slot}", zone)
    if isinstance(starts, DateError):
        field = "site_visit.timezone" if starts is DateError.UNKNOWN_ZONE else "site_visit.date"
        raise _bad_date(message, field)
    return VisitStart(_converted(starts, field), zone)


def _converted(came: str | DateError, field: str) -> datetime:
    """What the host returned."""
    if came is DateError.UNKNOWN_ZONE:
        what = "is not the IANA name of a time zone, such as Asia/Kolkata, or UTC"
        raise Rejected("bad-zone", "a time zone cannot be used", [FieldError(field, what)])
    read = instant(came) if isinstance(came, str) else None
    if read is None:
        what = "is not a time of the calendar, such as 2026-07-05T16:30, or 2026-07-05T16:30:00Z for an instant"
        raise Rejected("bad-date", "a time cannot be used", [FieldError("time", what)])
    return read


def _strptime(pattern: str, text: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def _bad_date(message: str, field: str) -> Rejected:
    return Rejected("bad-date", message, [FieldError(field, "cannot be understood")])


# `strptime` imports a module when it is first used; in a component, its file no longer exists.
datetime.strptime("2026", "%Y")

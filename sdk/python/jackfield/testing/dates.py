"""Local times, as the host converts them, by Python's own `zoneinfo`. For tests: a component asks the host."""

from __future__ import annotations

import re
import zoneinfo
from datetime import datetime, timezone, tzinfo

from ..date import DateError
from ..instants import instant as _read
from ..instants import rfc3339

_LOCAL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?", re.ASCII)
_DECIMALS = re.compile(r"[.,](\d{1,9})", re.ASCII)


def instant(local: str, zone: str) -> str | DateError:
    """The instant of a local time in a zone. A time in a gap is moved forward by the gap's length, and of a time that
    exists twice the earlier is meant."""
    there = _zone(zone)
    if there is None:
        return DateError.UNKNOWN_ZONE
    written = _LOCAL.fullmatch(local)
    if written is None:
        return DateError.INVALID_TIME
    minutes, seconds, decimals = written.groups(default="")
    try:
        # `fold` is 0: before the clocks change, in a gap as in a fold.
        time = datetime.fromisoformat(f"{minutes}:{seconds or '00'}").replace(tzinfo=there)
        return _printed(time.astimezone(timezone.utc).astimezone(there), decimals)
    except (ValueError, OverflowError):
        return DateError.INVALID_TIME


def local(instant: str, zone: str) -> str | DateError:
    """The local time of an instant in a zone."""
    there = _zone(zone)
    if there is None:
        return DateError.UNKNOWN_ZONE
    time = _read(instant)
    if time is None:
        return DateError.INVALID_TIME
    decimals = _DECIMALS.search(instant)
    try:
        return _printed(time.replace(microsecond=0).astimezone(there), decimals[1] if decimals else "")
    except OverflowError:
        return DateError.INVALID_TIME


def _zone(name: str) -> tzinfo | None:
    """The zone of an IANA name. Names without `/` are abbreviations, which mean several zones."""
    if name == "UTC":
        return timezone.utc
    if "/" not in name:
        return None
    known = zoneinfo.available_timezones()
    if not known:
        raise AssertionError("this machine has no time zone data: install the package tzdata")
    return zoneinfo.ZoneInfo(name) if name in known else None


def _printed(time: datetime, decimals: str) -> str:
    text, decimals = rfc3339(time), decimals.rstrip("0")
    return f"{text[:19]}{'.' if decimals else ''}{decimals}{text[19:]}"

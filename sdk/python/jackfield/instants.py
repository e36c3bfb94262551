"""Instants as text. Many systems write them almost as RFC 3339 has it; what is handed on has one spelling."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(?:([Zz])|([+-])(\d\d):?(\d\d)?)", re.ASCII
)


def instant(text: str) -> datetime | None:
    """Reads an instant, such as `2026-07-01T09:01:55.000Z`, and drops digits after microseconds. None if it is not one.

    It also reads what systems write in place of RFC 3339: a blank or `t` for `T`, `z`, `+0530`, `+05`, no seconds.
    """
    read = _read(text)
    return read and read[0]


def normalized(text: str) -> str | None:
    """The same instant in RFC 3339, in the one spelling of times that are handed on: `2026-07-01T14:31:00+05:30`, with
    decimals only where they say something. None if the text is not an instant."""
    read = _read(text)
    return read and _printed(*read)


def rfc3339(instant: datetime) -> str:
    """RFC 3339 with an offset, as the contract wants instants: `2026-07-01T14:31:00+05:30`.

    Raises `ValueError` for a time without a zone, which is not an instant.
    """
    if instant.tzinfo is None:
        raise ValueError("a time without a zone is not an instant: give it `tzinfo=date.IST`")
    return _printed(instant, f"{instant.microsecond:06}")


def _read(text: str) -> tuple[datetime, str] | None:
    """The instant, and its decimals."""
    written = _INSTANT.fullmatch(text)
    if written is None:
        return None
    day, minutes, seconds, decimals, _, sign, hours_ahead, minutes_ahead = written.groups(default="")
    # A leap second, which no clock here has, is the second before it.
    seconds = "59" if seconds == "60" else seconds or "00"
    hours, rest = int(hours_ahead or 0), int(minutes_ahead or 0)
    if hours >= 24 or rest >= 60:
        return None
    ahead = timedelta(hours=hours, minutes=rest) * (-1 if sign == "-" else 1)
    try:
        local = datetime.fromisoformat(f"{day}T{minutes}:{seconds}.{decimals[:6]:0<6}")
    except ValueError:
        return None
    return local.replace(tzinfo=timezone(ahead)), decimals


def _printed(instant: datetime, decimals: str) -> str:
    whole = instant.replace(tzinfo=None, microsecond=0).isoformat()
    decimals = decimals.rstrip("0")
    ahead = instant.utcoffset() or timedelta()
    # RFC 3339 has no seconds in offsets, which only local mean times have.
    minutes = abs(round(ahead.total_seconds() / 60))
    sign = "-" if ahead < timedelta() and minutes else "+"
    return f"{whole}{'.' if decimals else ''}{decimals}{sign}{minutes // 60:02}:{minutes % 60:02}"

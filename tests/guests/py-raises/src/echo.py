"""Converts what the test sends, to show what the SDK makes of the host's answers."""

from __future__ import annotations

import json
from collections.abc import Callable

from jackfield import Host, Lead, Rejected, date, each_lead, phone


def echo(host: Host, body: bytes) -> list[Lead | Rejected]:
    """A lead for each text in `instants`, `locals` and `phones`, with the result as its name, or its rejection."""
    asked = json.loads(body)
    calls: list[Callable[[], str]] = [
        *(lambda it=it: date.rfc3339(date.from_local(host, *it)) for it in asked["instants"]),
        *(lambda it=it: date.rfc3339(date.in_zone(host, *it)) for it in asked["locals"]),
        *(lambda it=it: phone.e164(host, it) for it in asked["phones"]),
    ]
    return each_lead(enumerate(calls), lambda row: Lead(id=str(row[0]), phone="+919800000000", name=row[1]()))

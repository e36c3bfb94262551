"""Local times, instants and telephone numbers through the SDK, which asks the host."""

from __future__ import annotations

from jackfield import Host, date, phone


def converted(host: Host, what: str, text: str, zone: str) -> str:
    match what:
        case "phone":
            return phone.e164(host, text)
        case "local":
            return date.rfc3339(date.in_zone(host, text, zone))
    return date.rfc3339(date.from_local(host, text, zone))

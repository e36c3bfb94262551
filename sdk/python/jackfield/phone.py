"""Indian mobile numbers: E.164 in the contract, ten digits in many CRMs."""

from __future__ import annotations

import re

_BETWEEN = str.maketrans("", "", " -.()")
_WRITTEN = re.compile(r"(?:0|91|\+91)?([6-9]\d{9})", re.ASCII)


def e164(text: str) -> str | None:
    """The number in E.164, `+919800000000`, from what a CRM holds: ten digits from 6 to 9 up, with or without `0`, `91` or
    `+91` before them, and with spaces, dots or dashes between. None for anything else."""
    written = _WRITTEN.fullmatch(text.translate(_BETWEEN))
    return f"+91{written[1]}" if written else None


def ten_digits(e164: str) -> str | None:
    """The ten digits of an Indian mobile number in E.164. None for a number of another country or shape."""
    written = _WRITTEN.fullmatch(e164)
    return written[1] if written and e164.startswith("+91") else None

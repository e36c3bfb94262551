"""Indian mobile numbers: E.164 in the contract, ten digits in many CRMs."""

from __future__ import annotations

import re

_BETWEEN = str.maketrans("", "", " -.()")
_WRITTEN = re.compile(r"(?:0|91|\+91)?([6-9]\d{9})", re.ASCII)


def e164(text: str) -> str | None:
    """Converts a number as CRMs store it to E.164, such as `+919800000000`: ten digits of which the first is 6 to 9,
    with an optional prefix `0`, `91` or `+91`, and optional spaces, dots or dashes between. None for anything else."""
    written = _WRITTEN.fullmatch(text.translate(_BETWEEN))
    return f"+91{written[1]}" if written else None


def ten_digits(e164: str) -> str | None:
    """The ten digits of an Indian mobile number in E.164. None for any other number."""
    written = _WRITTEN.fullmatch(e164)
    return written[1] if written and e164.startswith("+91") else None

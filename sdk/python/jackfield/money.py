"""Rupees as written in India."""

from __future__ import annotations

import re

_LAKH = 100_000
_CRORE = 100 * _LAKH
_RUPEES = re.compile(r"[+-]?\d+", re.ASCII)


def grouped(rupees: int) -> str:
    """Digits in Indian groups, the last three and then twos: `85,00,000`."""
    sign, digits = ("-" if rupees < 0 else ""), str(abs(rupees))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return sign + ",".join([*reversed(pairs), tail])


def parse(text: str) -> int | None:
    """Reads grouped or plain digits, `85,00,000` or `8500000`. None if it is not a whole number of rupees."""
    plain = text.strip().replace(",", "")
    return int(plain) if _RUPEES.fullmatch(plain) else None


def spoken(rupees: int) -> str:
    """An amount as people say it, in lakhs and crores with at most two decimals, rounded down: `85 lakh`, `1.2
    crore`."""
    amount = abs(rupees)
    if amount < _LAKH:
        return grouped(rupees)
    unit, name = (_CRORE, "crore") if amount >= _CRORE else (_LAKH, "lakh")
    number = f"{amount // unit}.{amount % unit // (unit // 100):02}".rstrip("0").rstrip(".")
    return f"{'-' if rupees < 0 else ''}{number} {name}"

"""Telephone numbers, roughly as the host normalises them. For tests: a component asks the host.

The host knows the numbering plan of every country. This double knows India's mobile numbers, which have ten digits of
which the first is 6 to 9, and of other numbers only that one with `+` and its country code has 7 to 15 digits.
"""

from __future__ import annotations

import re

from ..phone import PhoneError

_BETWEEN = re.compile(r"[\s.\-\u2010-\u2015\u2212()\[\]]")
_INTERNATIONAL = re.compile(r"(?:\+|00)(\d+)", re.ASCII)
_INDIAN = re.compile(r"(?:0|91)?([6-9]\d{9})", re.ASCII)


def normalize(number: str, country: str | None) -> str | PhoneError:
    """The number in E.164. A number without a country code is one of `country`, of which this double knows `IN`."""
    dense = _BETWEEN.sub("", number)
    international = _INTERNATIONAL.fullmatch(dense)
    if international:
        digits = international[1]
        if digits.startswith("91"):
            return f"+{digits}" if len(digits) == 12 else PhoneError.NOT_IN_PLAN
        return f"+{digits}" if 7 <= len(digits) <= 15 else PhoneError.NOT_IN_PLAN
    if not (dense.isascii() and dense.isdigit()):
        return PhoneError.NOT_A_NUMBER
    if country is None:
        return PhoneError.NO_COUNTRY
    if country != "IN":
        raise AssertionError(
            f"the test double knows the numbering plan of India only, not of {country}: write the number with + and its "
            f"country code, or run `jackfield adapter check`, which asks the host"
        )
    indian = _INDIAN.fullmatch(dense)
    return f"+91{indian[1]}" if indian else PhoneError.NOT_IN_PLAN

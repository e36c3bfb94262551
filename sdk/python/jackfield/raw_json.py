"""JSON whose numbers keep their digits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RawJson:
    """JSON text that the body of a request contains as it is, with all its digits: `1.10`, `1e2`."""

    text: str

    def __post_init__(self) -> None:
        json.loads(self.text, parse_constant=_refuse)


class JsonFloat(float):
    """A number of a JSON document with the digits that were sent, such as `1.10` or `1e2`, which a float loses.

    It calculates as a float. In the body of a request and in an extension, it is written as it was sent.
    """

    text: str

    def __new__(cls, text: str) -> JsonFloat:
        number = super().__new__(cls, text)
        number.text = text
        return number


def from_json(text: str | bytes) -> Any:
    """Like `json.loads`, but numbers keep their digits."""
    return json.loads(text, parse_float=JsonFloat)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def to_json(value: Any) -> str:
    """The value as JSON text, like `json.dumps`, but with the text of each `RawJson` and `JsonFloat`."""
    value = _with_digits(value)
    mark = "\ue000"
    while True:
        raw: list[str] = []

        def kept(it: Any, mark: str = mark, raw: list[str] = raw) -> str:
            if not isinstance(it, RawJson):
                raise TypeError(f"JSON cannot say a {type(it).__name__}")
            raw.append(it.text)
            return mark

        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=kept)
        parts = text.split(f'"{mark}"')
        if text.count(mark) == len(raw) == len(parts) - 1:
            return "".join(part for pair in zip(parts, [*raw, ""], strict=True) for part in pair)
        mark += "\ue000"


def _with_digits(value: Any) -> Any:
    """The value with its numbers as raw text, since `json.dumps` writes every float anew."""
    if isinstance(value, JsonFloat):
        return RawJson(value.text)
    if isinstance(value, dict):
        return {name: _with_digits(it) for name, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_digits(it) for it in value]
    return value

"""Reads JSON as dataclasses whose types are checked.

Types: `str`, `int`, `float`, `bool`, `datetime`, `Any`, `X | None`, `list[X]`, `dict[str, X]`, enums by their values,
and dataclasses of these. A field that has a default or may be `None` may be missing. Fields that the dataclass does not
have are ignored, since a CRM adds some every year. Nothing is converted: `"12"` is not an `int`, and `12` is not a
`str`. Only a `datetime` is read from text: an instant as RFC 3339 or nearly so (see `jackfield.instants`).
"""

from __future__ import annotations

import dataclasses
import functools
import types
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .instants import instant
from .raw_json import JsonFloat

T = TypeVar("T")


class Misshapen(ValueError):
    """A value does not have the expected type. The text says where and what was expected, and quotes no value."""


def read(kind: type[T], value: Any, *, strict: bool = False) -> T:
    """The value as `kind`. With `strict`, fields that the dataclass does not have are refused.

    Raises `Misshapen`.
    """
    return _read(kind, value, "", strict)  # type: ignore[no-any-return]


def _read(kind: Any, value: Any, place: str, strict: bool) -> Any:
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (it for it in get_args(kind) if it is not type(None))
        return _read(kind, value, place, strict)
    if origin is list and isinstance(value, list):
        (item,) = get_args(kind)
        return [_read(item, it, f"{place}/{at}", strict) for at, it in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        _, item = get_args(kind)
        return {name: _read(item, it, f"{place}/{name}", strict) for name, it in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _dataclass(kind, value, place, strict)
    if isinstance(kind, type):
        if issubclass(kind, Enum) and isinstance(value, str):
            try:
                return kind(value)
            except ValueError:
                raise Misshapen(f"{place or '/'} is not one of {', '.join(str(it.value) for it in kind)}") from None
        if kind is datetime and isinstance(value, str):
            read = instant(value)
            if read is None:
                form = "an instant as RFC 3339 has it, such as 2026-07-01T14:31:00+05:30"
                raise Misshapen(f"{place or '/'} should be {form}")
            return read
        # To Python a bool is an int, so types are compared exactly; but an int is accepted for a float.
        if kind is float and type(value) is int:
            return float(value)
        if kind is float and isinstance(value, float):
            return value
        if type(value) is kind and kind in (str, int, float, bool):
            return value
    name = getattr(origin or kind, "__name__", str(kind))
    found = {dict: "an object", list: "an array", type(None): "null", JsonFloat: "a float"}.get(
        type(value), f"a {type(value).__name__}"
    )
    raise Misshapen(f"{place or '/'} should be {name} and is {found}")


def _dataclass(kind: Any, value: dict[str, Any], place: str, strict: bool) -> Any:
    fields, hints = _fields(kind)
    given = {}
    for name, optional in fields.items():
        if name in value:
            given[name] = _read(hints[name], value[name], f"{place}/{name}", strict)
        elif type(None) in get_args(hints[name]) and not optional:
            given[name] = None
        elif not optional:
            raise Misshapen(f"{place}/{name} is missing")
    unknown = sorted(set(value) - set(fields)) if strict else []
    if unknown:
        raise Misshapen(f"{place}/{unknown[0]} is not known; there are {', '.join(fields)}")
    return kind(**given)


@functools.cache
def _fields(kind: Any) -> tuple[dict[str, bool], dict[str, Any]]:
    """The fields, each with whether it may be missing, and their types."""
    missing = dataclasses.MISSING
    optional = {
        it.name: it.default is not missing or it.default_factory is not missing for it in dataclasses.fields(kind)
    }
    return optional, get_type_hints(kind)


def checked(value: Any, kind: Any, place: str = "") -> None:
    """Raises `TypeError` if a dataclass, or anything in it, does not have the declared types.

    Python does not check them, and the error at the component's boundary would be less clear.
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return
        (kind,) = (it for it in get_args(kind) if it is not type(None))
        origin = get_origin(kind)
    plain = origin or kind
    # The contract's numbers are ints; True is not one.
    if not isinstance(value, plain) or (plain is int and isinstance(value, bool)):
        found = "None" if value is None else type(value).__name__
        raise TypeError(f"{place or 'what the adapter returned'} should be {plain.__name__} and is {found}")
    if dataclasses.is_dataclass(kind):
        for name, hint in _fields(plain)[1].items():
            checked(getattr(value, name), hint, f"{plain.__name__}.{name}")
    elif plain in (list, tuple):
        for item in value:
            checked(item, get_args(kind)[0], f"an item of {place}")

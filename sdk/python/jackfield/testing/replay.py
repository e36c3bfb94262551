"""Replays recorded invocations, which are JSON files beside the adapter.

Each file is one invocation, in the same format for adapters in all languages:

    {
      "about": "A lead that may be called",
      "settings": {"base_url": "https://crm.example"},
      "country": "IN",
      "keys": {"signing": "a test key"},
      "now": "2026-07-01T09:01:55Z",
      "call": {"query_status": {"lead_id": "L-1"}},
      "exchanges": [{
        "request": {"method": "GET", "url": "https://crm.example/leads/L-1", "headers": {}},
        "answer": {"status": 200, "headers": {}, "json": {"id": "L-1", "stage": "new"}}
      }],
      "returns": {"ok": {"lead_id": "L-1", "callable": true, "status": "new"}}
    }

- `call` is `query_status {lead_id}`, `write_disposition {disposition, idempotency_key}`, `find {lead_id,
  idempotency_key}` or `parse_leads {content_type, body, received_at}`. Records are the contract's, in snake case;
  optional fields may be omitted. The default of `idempotency_key` is the call's id.
- `request` has at most one of `json`, `form` (name to value) and `text`; without any, its body must be empty. `headers`
  must be present; others may be present too.
- In place of `answer` (`status`, and `json` or `text`), `fails` is one of `{"denied": "why"}`, `{"unreachable":
  "why"}`, `{"no_answer": "why"}` and `{"too_large": "why"}`.
- `country` is the country of telephone numbers without a country code; without it, such numbers are refused.
- `returns` is `ok` or `err`, a failure being `"unknown"`, `{"unknown": "why"}`, `{"rate_limited": 30}`, `{"rejected":
  {"code", "message", "fields"}}` and so on. A failure without a reason stands for any reason. A lead that `parse_leads`
  refuses is `{"rejected": …}` in its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import failures
from ..adapter import Adapter, Lookup, ParseLeads
from ..date import instant
from ..host import Host
from ..model import Disposition, Inbound, Lead, LeadStatus, Receipt
from ..raw_json import from_json
from ..shape import Misshapen, checked, read
from .exchange import Exchange
from .script import Script


@dataclass(frozen=True)
class _Recording:
    about: str
    call: dict[str, Any]
    returns: dict[str, Any]
    settings: dict[str, str] = field(default_factory=dict)
    country: str | None = None
    keys: dict[str, str] = field(default_factory=dict)
    now: str | None = None
    exchanges: list[Exchange] = field(default_factory=list)


def replay(folder: str | os.PathLike[str], adapter: Adapter) -> None:
    """Replays every `.json` file of the folder against the adapter, in the order of their names.

    Raises `AssertionError` if a file cannot be read, or the adapter's requests or result differ from the recorded ones.
    The message names the file. To make each file a subtest, loop over `replay_file` yourself.
    """
    files = sorted(Path(folder).glob("*.json"))
    if not files:
        raise AssertionError(f"{folder}: no .json files to replay")
    for file in files:
        replay_file(file, adapter)


def replay_file(file: str | os.PathLike[str], adapter: Adapter) -> None:
    """Replays one file. Raises as `replay` does."""
    try:
        recording = read(_Recording, from_json(Path(file).read_text(encoding="utf-8")), strict=True)
        check, expect, invoke = _invocation(adapter, recording.call)
        ((word, value),) = recording.returns.items()
        expected = expect(value) if word == "ok" else _failure(value)
        now = {} if recording.now is None else {"now": instant(recording.now)}
    except (OSError, ValueError) as error:
        raise AssertionError(f"{file}: {error}") from None
    title = f"{file} ({recording.about})"
    script = Script(
        recording.exchanges,
        settings=recording.settings,
        keys=recording.keys,
        country=recording.country,
        title=title,
        **now,  # type: ignore[arg-type]
    )
    returned: Any
    try:
        returned = invoke(Host(script))
        check(returned)
    except failures.Failure as failure:
        returned = failure
        if type(failure) is type(expected) and getattr(expected, "reason", "") is None:
            expected = failure
    script.finish()
    if returned != expected:
        raise AssertionError(f"{title}: returned {_shown(returned)},\nexpected {_shown(expected)}")


def _invocation(
    adapter: Adapter, call: dict[str, Any]
) -> tuple[Callable[[Any], None], Callable[[Any], Any], Callable[[Host], Any]]:
    """What checks the result of a recorded invocation, what reads the recorded result, and the invocation."""
    ((word, arguments),) = call.items()
    if word == "query_status":
        return *_record(LeadStatus), lambda host: adapter.query_status(host, arguments["lead_id"])
    if word == "write_disposition":
        disposition = _disposition(arguments["disposition"])
        key = arguments.get("idempotency_key") or disposition.call_id
        return *_record(Receipt), lambda host: adapter.write_disposition(host, disposition, key)
    if word == "find":
        if not isinstance(adapter, Lookup):
            raise Misshapen("the recording is of `find`, and the adapter does not derive from Lookup")
        return *_record(Receipt | None), lambda host: adapter.find(
            host, arguments["lead_id"], arguments["idempotency_key"]
        )
    if word == "parse_leads":
        if not isinstance(adapter, ParseLeads):
            raise Misshapen("the recording is of `parse_leads`, and the adapter does not derive from ParseLeads")
        inbound = Inbound(arguments.get("content_type", ""), arguments["body"].encode(), arguments.get("received_at", ""))
        return _check_leads, lambda value: [_lead(it) for it in value], lambda host: list(
            adapter.parse_leads(host, inbound)
        )
    raise Misshapen(f"there is no call `{word}`")


def _disposition(record: dict[str, Any]) -> Disposition:
    outcome = record.get("outcome")
    if isinstance(outcome, dict):
        record = {**record, "outcome": "other", "other_outcome": outcome.get("other")}
    return read(Disposition, record, strict=True)


def _record(kind: Any) -> tuple[Callable[[Any], None], Callable[[Any], Any]]:
    """What checks a record of the contract, and what reads it."""
    return lambda value: checked(value, kind), partial(_read, kind)


def _read(kind: Any, value: Any) -> Any:
    """A recorded record, whose times must be written as the host gets them."""
    record = read(kind, value, strict=True)
    for name in ("last_call_attempt", "created_at"):
        printed = getattr(record, name, None)
        if printed is not None and printed != value[name]:
            raise Misshapen(f"/returns/ok/{name} should be written as the host gets it: {printed}")
    return record


def _check_leads(leads: Sequence[Any]) -> None:
    for lead in leads:
        if not isinstance(lead, failures.Rejected):
            checked(lead, Lead)


def _lead(value: Any) -> Lead | failures.Rejected:
    """A recorded lead, or its refusal as `{"rejected": …}`."""
    if isinstance(value, dict) and set(value) == {"rejected"}:
        return _rejected(value["rejected"])
    return _read(Lead, value)  # type: ignore[no-any-return]


_PLAIN: dict[str, Callable[..., failures.Failure]] = {
    "unavailable": failures.Unavailable,
    "unknown": failures.Unknown,
    "unauthorized": failures.Unauthorized,
    "not_found": failures.NotFound,
    "conflict": failures.Conflict,
}


def _failure(value: Any) -> failures.Failure:
    if isinstance(value, str) and value in _PLAIN:
        return _PLAIN[value]()
    if isinstance(value, dict) and len(value) == 1:
        ((word, it),) = value.items()
        if word == "rate_limited":
            return failures.RateLimited(it)
        if word == "rejected":
            return _rejected(it)
        if word in _PLAIN and word != "not_found" and isinstance(it, str):
            return _PLAIN[word](it)
    raise Misshapen(f"there is no failure {value!r}")


def _rejected(it: dict[str, Any]) -> failures.Rejected:
    fields = [failures.FieldError(each["field"], each["message"]) for each in it.get("fields", [])]
    return failures.Rejected(it.get("code", ""), it.get("message", ""), fields)


def _shown(value: Any) -> str:
    """What was returned or raised, for people."""
    if isinstance(value, failures.Failure):
        return f"{type(value).__name__} {vars(value) or ''}".rstrip()
    return "\n".join(map(repr, value)) if isinstance(value, list) else repr(value) if is_dataclass(value) else str(value)

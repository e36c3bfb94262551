"""Replays recorded invocations, which are JSON files beside the adapter.

Each file is one invocation, in the same format for adapters in all languages:

    {
      "about": "A lead that may be called",
      "settings": {"base_url": "https://crm.example"},
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
- `returns` is `ok` or `err`, a failure being `"unknown"`, `{"rate_limited": 30}`, `{"rejected": {"code", "message",
  "fields"}}` and so on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from .. import failures
from ..adapter import Adapter, Lookup, ParseLeads
from ..date import instant
from ..host import Host
from ..model import Disposition, Inbound, Lead, LeadStatus, Receipt
from ..shape import Misshapen, checked, read
from .exchange import Exchange
from .script import Script


@dataclass(frozen=True)
class _Recording:
    about: str
    call: dict[str, Any]
    returns: dict[str, Any]
    settings: dict[str, str] = field(default_factory=dict)
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
        recording = read(_Recording, json.loads(Path(file).read_text(encoding="utf-8")), strict=True)
        kind, invoke = _invocation(adapter, recording.call)
        expected = _expected(kind, recording.returns)
        now = {} if recording.now is None else {"now": instant(recording.now)}
    except (OSError, ValueError) as error:
        raise AssertionError(f"{file}: {error}") from None
    title = f"{file} ({recording.about})"
    script = Script(
        recording.exchanges, settings=recording.settings, keys=recording.keys, title=title, **now  # type: ignore[arg-type]
    )
    returned: Any
    try:
        returned = invoke(Host(script))
        checked(returned, kind)
    except failures.Failure as failure:
        returned = failure
    script.finish()
    if returned != expected:
        raise AssertionError(f"{title}: returned {_shown(returned)},\nexpected {_shown(expected)}")


def _invocation(adapter: Adapter, call: dict[str, Any]) -> tuple[Any, Callable[[Host], Any]]:
    """The result type of a recorded invocation, and the invocation."""
    ((word, arguments),) = call.items()
    if word == "query_status":
        return LeadStatus, lambda host: adapter.query_status(host, arguments["lead_id"])
    if word == "write_disposition":
        disposition = _disposition(arguments["disposition"])
        key = arguments.get("idempotency_key") or disposition.call_id
        return Receipt, lambda host: adapter.write_disposition(host, disposition, key)
    if word == "find":
        if not isinstance(adapter, Lookup):
            raise Misshapen("the recording is of `find`, and the adapter does not derive from Lookup")
        return Receipt | None, lambda host: adapter.find(host, arguments["lead_id"], arguments["idempotency_key"])
    if word == "parse_leads":
        if not isinstance(adapter, ParseLeads):
            raise Misshapen("the recording is of `parse_leads`, and the adapter does not derive from ParseLeads")
        inbound = Inbound(arguments.get("content_type", ""), arguments["body"].encode(), arguments.get("received_at", ""))
        return list[Lead], lambda host: adapter.parse_leads(host, inbound)
    raise Misshapen(f"there is no call `{word}`")


def _disposition(record: dict[str, Any]) -> Disposition:
    outcome = record.get("outcome")
    if isinstance(outcome, dict):
        record = {**record, "outcome": "other", "other_outcome": outcome.get("other")}
    return read(Disposition, record, strict=True)


def _expected(kind: Any, returns: dict[str, Any]) -> Any:
    ((word, value),) = returns.items()
    return read(kind, value, strict=True) if word == "ok" else _failure(value)


_PLAIN = {
    "unavailable": failures.Unavailable,
    "unknown": failures.Unknown,
    "unauthorized": failures.Unauthorized,
    "not_found": failures.NotFound,
}


def _failure(value: Any) -> failures.Failure:
    if isinstance(value, str) and value in _PLAIN:
        return _PLAIN[value]()
    if isinstance(value, dict) and len(value) == 1:
        if "rate_limited" in value:
            return failures.RateLimited(value["rate_limited"])
        if "rejected" in value:
            it = value["rejected"]
            fields = [failures.FieldError(each["field"], each["message"]) for each in it.get("fields", [])]
            return failures.Rejected(it["code"], it["message"], fields)
    raise Misshapen(f"there is no failure {value!r}")


def _shown(value: Any) -> str:
    """What was returned or raised, for people."""
    if isinstance(value, failures.Failure):
        return f"{type(value).__name__} {vars(value) or ''}".rstrip()
    return "\n".join(map(repr, value)) if isinstance(value, list) else repr(value) if is_dataclass(value) else str(value)

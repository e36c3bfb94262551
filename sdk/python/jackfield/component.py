"""Turns an `Adapter` into the exports of a component. Imported only inside one, by what `jackfield adapter build`
generates."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

from componentize_py_types import Err, Ok  # type: ignore[import-not-found]
from wit_world import exports as _exports  # type: ignore[import-not-found]
from wit_world.exports import about as _about  # type: ignore[import-not-found]
from wit_world.imports import credentials as _credentials  # type: ignore[import-not-found]
from wit_world.imports import dates as _dates
from wit_world.imports import http as _http
from wit_world.imports import log as _log
from wit_world.imports import model as _model
from wit_world.imports import phones as _phones
from wit_world.imports import settings as _settings

from . import adapter as _adapter
from . import failures, model
from .about import Description, Setting
from .adapter import Adapter, Lookup, ParseLeads
from .charset import well_formed
from .date import DateError
from .host import Host
from .http import Reason, Refused, Request, Sent
from .log import Level
from .phone import PhoneError
from .shape import checked

T = TypeVar("T")


class Imports:
    """The contract's real imports."""

    def send(self, sent: Request) -> Sent | Refused:
        headers = [_http.Header(well_formed(name), well_formed(value)) for name, value in sent.headers]
        try:
            came = _http.send(_http.Request(sent.method, well_formed(sent.url), headers, sent.body))
        except Err as error:
            return Refused(_REASONS[type(error.value)], error.value.value)
        return Sent(came.status, tuple((it.name, it.value) for it in came.headers), came.body)

    def setting(self, name: str) -> str | None:
        return _settings.get(name)  # type: ignore[no-any-return]

    def hmac_sha256(self, name: str, data: bytes) -> bytes | None:
        try:
            return _credentials.hmac_sha256(name, data)  # type: ignore[no-any-return]
        except Err:
            return None

    def log(self, level: Level, message: str, fields: dict[str, str]) -> None:
        written = [_log.Field(well_formed(name), well_formed(value)) for name, value in fields.items()]
        _log.write(_LEVELS[level], well_formed(message), written)

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def instant(self, local: str, zone: str) -> str | DateError:
        try:
            return _dates.instant(well_formed(local), well_formed(zone))  # type: ignore[no-any-return]
        except Err as error:
            return _DATE_ERRORS[type(error.value)]

    def local(self, instant: str, zone: str) -> str | DateError:
        try:
            return _dates.local(well_formed(instant), well_formed(zone))  # type: ignore[no-any-return]
        except Err as error:
            return _DATE_ERRORS[type(error.value)]

    def normalize(self, number: str) -> str | PhoneError:
        try:
            return _phones.normalize(well_formed(number))  # type: ignore[no-any-return]
        except Err as error:
            return _PHONE_ERRORS[type(error.value)]


_REASONS = {
    _http.Error_Denied: Reason.DENIED,
    _http.Error_Unreachable: Reason.UNREACHABLE,
    _http.Error_NoAnswer: Reason.NO_ANSWER,
    _http.Error_TooLarge: Reason.TOO_LARGE,
}
_DATE_ERRORS = {
    _dates.DateError_UnknownZone: DateError.UNKNOWN_ZONE,
    _dates.DateError_InvalidTime: DateError.INVALID_TIME,
}
_PHONE_ERRORS = {
    _phones.PhoneError_NotANumber: PhoneError.NOT_A_NUMBER,
    _phones.PhoneError_NoCountry: PhoneError.NO_COUNTRY,
    _phones.PhoneError_NotInPlan: PhoneError.NOT_IN_PLAN,
}
_LEVELS = {level: _log.Level[level.name] for level in Level}
_OUTCOMES = {
    getattr(_model, f"Outcome_{''.join(word.capitalize() for word in outcome.value.split('_'))}"): outcome
    for outcome in model.Outcome
}
_HOST = Host(Imports())


def exports(module: str) -> dict[str, type]:
    """A class for each export of the project's world, by its name, around the adapter that `module` exports."""
    importlib.import_module(module)
    if not _adapter._exported:
        raise SystemExit(f"src/{module}.py exports no adapter: end it with `export(YourAdapter())`")
    adapter: Any = _adapter._exported[0]

    class About:
        def describe(self) -> Any:
            return _invoke(lambda: _description(adapter))

    class Status:
        def query(self, lead_id: str) -> Any:
            return _invoke(lambda: _lead_status(adapter.query_status(_HOST, lead_id)))

    class Dispositions:
        def write(self, disposition: Any, idempotency_key: str) -> Any:
            return _invoke(lambda: _receipt(adapter.write_disposition(_HOST, _disposition(disposition), idempotency_key)))

    class LookupExport:
        def find(self, lead_id: str, idempotency_key: str) -> Any:
            found = _invoke(lambda: adapter.find(_HOST, lead_id, idempotency_key))
            return None if found is None else _invoke(lambda: _receipt(found))

    class LeadsExport:
        def parse(self, inbound: Any) -> Any:
            webhook = model.Inbound(inbound.content_type, inbound.body, inbound.received_at)
            return _invoke(lambda: [_parsed(lead) for lead in adapter.parse_leads(_HOST, webhook)])

    classes: dict[str, type] = {"About": About, "Status": Status, "Dispositions": Dispositions}
    for word, base, export in (("lookup", Lookup, LookupExport), ("leads", ParseLeads, LeadsExport)):
        exported = hasattr(_exports, word.capitalize())
        _check_optional(adapter, word, base, exported)
        if exported:
            classes[word.capitalize()] = export
    return classes


def _check_optional(adapter: Adapter, word: str, base: type, exported: bool) -> None:
    """Fails unless adapter.toml names the export exactly if the adapter implements it."""
    name = type(adapter).__name__
    if exported and not isinstance(adapter, base):
        raise SystemExit(
            f'adapter.toml names "{word}" among its exports, but {name} does not derive from {base.__name__}: '
            f"do one or undo the other"
        )
    if isinstance(adapter, base) and not exported:
        raise SystemExit(
            f'{name} derives from {base.__name__}: name "{word}" in adapter.toml, such as `exports = ["{word}"]`'
        )


def _invoke(method: Callable[[], T]) -> T:
    """Runs a method of the adapter. A failure becomes the contract's, and anything else a fault with the exception's
    message."""
    try:
        try:
            return method()
        except failures.Failure as failure:
            failed = _failure(failure)
    except BaseException as error:
        _report(error)
        # Not raised again: the runtime would write a line of its own below, and the host shows the last line.
        os.abort()
    raise Err(failed)


def _report(error: BaseException) -> None:
    """Writes the traceback and, below it, the line that the host shows with the fault."""
    traceback.print_exception(error, file=sys.stderr)
    frames = traceback.extract_tb(error.__traceback__)
    # The last position in the author's code, not in the library that raised.
    own = [frame for frame in frames if frame.filename.endswith(".py") and not _is_library(frame.filename)]
    place = ""
    if own or frames:
        frame = (own or frames)[-1]
        place = f" ({os.path.basename(frame.filename)}:{frame.lineno} in {frame.name})"
    words = " ".join(str(error).split())
    print(f"{type(error).__name__}{': ' if words else ''}{words[:400]}{place}", file=sys.stderr, flush=True)


_HERE = os.path.dirname(__file__)
_STANDARD = os.path.dirname(os.__file__)


def _is_library(file: str) -> bool:
    return file.startswith((_HERE, _STANDARD, "<"))


def _failure(failure: failures.Failure) -> Any:
    if isinstance(failure, failures.Rejected):
        return _model.Failure_Rejected(_rejection(failure))
    if isinstance(failure, failures.NotFound):
        return _model.Failure_NotFound()
    if isinstance(failure, failures.RateLimited):
        return _model.Failure_RateLimited(failure.retry_after)
    for kind, made in _FAILURES.items():
        if isinstance(failure, kind):
            reason = failure.reason
            if not (reason is None or isinstance(reason, str)):
                raise TypeError(f"a failure's reason is str, not {type(reason).__name__}")
            return made(reason if reason is None else well_formed(reason))
    # A class of the author's own, or `Failure` itself, which the contract does not have.
    raise TypeError(f"raise one of the classes in jackfield.failures, not {type(failure).__name__}")


_FAILURES = {
    failures.Unavailable: _model.Failure_Unavailable,
    failures.Unknown: _model.Failure_Unknown,
    failures.Unauthorized: _model.Failure_Unauthorized,
    failures.Conflict: _model.Failure_Conflict,
}


def _rejection(it: failures.Rejected) -> Any:
    for text in (it.code, it.message, *(text for error in it.fields for text in (error.field, error.message))):
        if not isinstance(text, str):
            raise TypeError(f"a rejection's code, message and fields are str, not {type(text).__name__}")
    fields = [_model.FieldError(well_formed(error.field), well_formed(error.message)) for error in it.fields]
    return _model.Rejection(well_formed(it.code), well_formed(it.message), fields)


def _description(adapter: Adapter) -> Any:
    it = _is(adapter.describe(), Description)
    return _about.Description(
        it.name,
        it.version,
        [_setting(setting) for setting in (*it.origins, *it.settings)],
        [_about.Credential(credential.name, credential.kind, credential.doc) for credential in it.credentials],
        [origin.name for origin in it.origins],
        it.idempotent_writes,
    )


def _setting(it: Setting) -> Any:
    return _about.Setting(it.name, _about.SettingKind[it.kind.name], it.required, it.doc)


def _disposition(it: Any) -> model.Disposition:
    outcome = _OUTCOMES[type(it.outcome)]
    visit = it.site_visit
    return model.Disposition(
        call_id=it.call_id,
        lead_id=it.lead_id,
        outcome=outcome,
        other_outcome=it.outcome.value if outcome is model.Outcome.OTHER else None,
        accepted_at=it.accepted_at,
        duration_seconds=it.duration_seconds,
        recording_url=it.recording_url,
        transcript_url=it.transcript_url,
        qualification=model.Qualification(**vars(it.qualification)),
        site_visit=None if visit is None else model.SiteVisit(**vars(visit)),
        dnc_requested=it.dnc_requested,
        duplicate_detected=it.duplicate_detected,
        language_used=it.language_used,
        extensions=[model.Extension(extension.pointer, extension.json) for extension in it.extensions],
    )


def _members(record: object) -> dict[str, Any]:
    """The members of a record, with texts that can cross the boundary."""
    return {name: well_formed(it) if isinstance(it, str) else it for name, it in vars(record).items()}


def _extensions(extensions: list[model.Extension]) -> Any:
    return [_model.Extension(**_members(it)) for it in extensions]


def _lead_status(it: model.LeadStatus) -> Any:
    return _model.LeadStatus(**{**_members(_is(it, model.LeadStatus)), "extensions": _extensions(it.extensions)})


def _receipt(it: model.Receipt) -> Any:
    return _model.Receipt(**_members(_is(it, model.Receipt)))


def _lead(it: model.Lead) -> Any:
    priority = _model.Priority[_is(it, model.Lead).call_priority.name]
    return _model.Lead(**{**_members(it), "call_priority": priority, "extensions": _extensions(it.extensions)})


def _parsed(it: model.Lead | failures.Rejected) -> Any:
    return Err(_rejection(it)) if isinstance(it, failures.Rejected) else Ok(_lead(it))


def _is(it: T, kind: type[T]) -> T:
    """Returns the value if it and everything in it have the declared types; otherwise raises `TypeError`."""
    checked(it, kind)
    return it

"""One request, one answer, and what each answer means for the host.

===================================================  ================================================================
what happened                                        raised by `Response.accept`, or by the request itself
===================================================  ================================================================
the host refused to send it, or could not connect    `Unavailable`: nothing was sent
no complete answer, or one too large                 `Unknown`
2xx                                                  nothing; `Unknown` if it then cannot be read
401, 403                                             `Unauthorized`
404                                                  `NotFound`
412                                                  `Conflict`: the record moved since it was read
408                                                  `Unknown`: the CRM gave up waiting, perhaps after acting on it
429                                                  `RateLimited`, with `Retry-After` if it is a number of seconds
other 4xx                                            `Rejected`, with what `explain` finds in the answer
503                                                  `Unavailable`
1xx, 3xx, other 5xx                                  `Unknown`: redirects are not followed
===================================================  ================================================================

If your CRM uses a status differently, or reports errors inside a 200, pass your reader to `Response.judge` before you
call `accept`. The reasons of `Unavailable`, `Unknown`, `Unauthorized` and `Conflict` say what came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import quote, urlencode, urlsplit

from .charset import Undecodable, decoded, well_formed
from .failures import Conflict, Failure, NotFound, RateLimited, Rejected, Unauthorized, Unavailable, Unknown
from .log import Level
from .raw_json import from_json, to_json
from .shape import Misshapen, read

if TYPE_CHECKING:
    from .host import Host

T = TypeVar("T")


def url(base: str, *segments: str) -> str:
    """The URL of a resource: a base without a trailing slash, as the host passes settings, and path segments.

    Segments are percent-encoded, so that an id with a slash, a space or Hindi letters stays one segment. A segment that
    is empty, `.` or `..` is rejected: URL parsers resolve it even if it is encoded, so the request would go to another
    resource.
    """
    for segment in segments:
        if segment in ("", ".", ".."):
            raise Rejected("bad-id", "an id that is empty, `.` or `..` cannot stand in a URL of the CRM")
    return "/".join([base, *(quote(well_formed(segment), safe="-._~") for segment in segments)])


@dataclass(frozen=True)
class Request:
    """A request as it is sent."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """The path as it is sent, percent-encoded; `/` if the URL has none."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """The query as it is sent, encoded and without `?`; empty if there is none."""
        return urlsplit(self.url).query


Sign = Callable[[Request], Mapping[str, str]]
"""Signs a request that is complete: returns the headers to add. See `Host.request`."""


@dataclass(frozen=True)
class Sent:
    """A complete answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Reason(Enum):
    """Why there is no answer. The case tells whether the CRM can have seen the request."""

    DENIED = "denied"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    TOO_LARGE = "too_large"


@dataclass(frozen=True)
class Refused:
    """There is no answer; `words` is the host's reason."""

    reason: Reason
    words: str


def request(
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None,
    headers: Mapping[str, str] | None,
    json: Any,
    form: Mapping[str, str] | None,
    body: bytes | None,
    content_type: str | None,
    sign: Sign | None,
) -> Request:
    """Builds a request; see `Host.request`."""
    if query:
        url += ("&" if "?" in url else "?") + _form(query)
    given = [kind for kind in (json, form, body) if kind is not None]
    if len(given) > 1:
        raise TypeError("a request has one of json, form and body")
    data = body or b""
    if json is not None:
        data = well_formed(to_json(json)).encode()
        content_type = content_type or "application/json"
    elif form is not None:
        data = _form(form).encode()
        content_type = content_type or "application/x-www-form-urlencoded"
    all_headers = list((headers or {}).items())
    if content_type is not None:
        all_headers.append(("content-type", content_type))
    made = Request(method, url, tuple(all_headers), data)
    return replace(made, headers=(*made.headers, *sign(made).items())) if sign else made


def _form(parameters: Mapping[str, str]) -> str:
    return urlencode({well_formed(name): well_formed(value) for name, value in parameters.items()})


def exchange(host: Host, came: Sent | Refused) -> Response:
    """Returns the answer, or raises the failure if there is none."""
    if isinstance(came, Sent):
        return Response(host, came)
    what = came.reason.value.replace("_", "-")
    host.log(Level.WARN, "no answer from the CRM", what=what, reason=came.words)
    kind = Unavailable if came.reason in (Reason.DENIED, Reason.UNREACHABLE) else Unknown
    raise kind(f"{what}: {came.words}")


class Response:
    """A complete answer of the CRM."""

    def __init__(self, host: Host, sent: Sent) -> None:
        self._host = host
        self.status: int = sent.status
        """The HTTP status code."""
        self.headers = sent.headers
        self.body: bytes = sent.body
        """The body: text in an old charset as UTF-8, anything else as the CRM sent it."""

    def header(self, name: str) -> str | None:
        """The first header of that name, ignoring case."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, None)

    def text(self) -> str:
        """The body as text, in the charset of its byte-order mark, its header or its XML declaration, or else UTF-8.

        `Unknown` if it is not text in it: a broken answer does not say whether the request was carried out.
        """
        try:
            return decoded(self.body, self.header("content-type") or "")
        except Undecodable as error:
            raise self.unreadable(str(error)) from None

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, kind: type[T]) -> T: ...
    def json(self, kind: Any = None) -> Any:
        """The body, parsed as JSON: as dicts and lists, or as a dataclass whose types are checked (see
        `jackfield.shape`). Numbers keep the digits that were sent where they are passed on (`JsonFloat`).

        Raises `Unknown` if it is not JSON, or not of that type. The mistake and its position are logged, but not the
        text, which may be personal. Prefer the dataclass: `answer.json()["id"]` is a fault if there is no `id`.
        """
        try:
            value = from_json(self.text())
        except (ValueError, RecursionError) as error:
            place = f" at character {error.pos}" if isinstance(error, JSONDecodeError) else ""
            raise self.unreadable(f"not JSON{place}") from None
        if kind is None:
            return value
        try:
            return read(kind, value)
        except Misshapen as error:
            raise self.unreadable(str(error)) from None

    def unreadable(self, why: str) -> Failure:
        """Logs that an answer cannot be read and returns `Unknown` with the reason, for you to raise.

        It is for formats that the SDK does not read itself: `raise answer.unreadable("no <ref> in it")`. `why` must not
        quote the answer, which may contain personal data.
        """
        self._host.log(Level.WARN, "the CRM's answer cannot be read", status=self.status, why=why)
        return Unknown(f"the CRM's answer with status {self.status} cannot be read: {why}")

    def judge(self, judge: Callable[[Response], Failure | None]) -> Response:
        """The answer itself, unless `judge` says which failure it is.

        It sees every answer before the SDK judges the status: an error inside a 200, a 403 that refuses a single field,
        a 409 of a record that moved. It returns none for an answer that it leaves to `accept`, which usually follows:

            def moved(answer: Response) -> Failure | None:
                return Conflict("the revision moved") if answer.status == 409 else None

            saved = host.put(place, json=note).judge(moved).accept()
        """
        failure = judge(self)
        if failure is not None:
            raise failure
        return self

    def accept(self, explain: Callable[[Response], Rejected | None] | None = None) -> Response:
        """The answer itself if its status is 2xx; otherwise raises the failure that the status means (see the table
        above).

        For an answer that refuses the request, `explain` reads the CRM's code, message and fields from its body, which
        a person sees in review. It returns none if it finds none.
        """
        status = self.status
        answered = f"the CRM answered {status}"
        if 200 <= status <= 299:
            return self
        if status in (401, 403):
            raise Unauthorized(answered)
        if status == 404:
            raise NotFound
        if status == 412:
            raise Conflict(answered)
        if status == 429:
            raise RateLimited(self._retry_after())
        if 400 <= status <= 499 and status != 408:
            explained = explain(self) if explain else None
            raise explained or Rejected(f"http-{status}", "the CRM refused the request and did not say why")
        raise (Unavailable if status == 503 else Unknown)(answered)

    def explain_as(self, kind: type[T]) -> T | None:
        """The body as JSON of that type, or none: for `explain`, where an unreadable refusal is still a refusal."""
        try:
            return read(kind, from_json(decoded(self.body, self.header("content-type") or "")))
        except (ValueError, RecursionError):
            return None

    def _retry_after(self) -> int | None:
        delay = (self.header("retry-after") or "").strip()
        return int(delay) if delay.isascii() and delay.isdigit() and len(delay) <= 10 else None

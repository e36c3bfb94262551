"""The host as an adapter sees it: HTTP, settings, signatures, the log and the time. `jackfield.date` and
`jackfield.phone` ask it for local times and telephone numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from .failures import FieldError, Rejected, Unauthorized
from .http import Refused, Request, Response, Sent, Sign, exchange, request
from .log import Level

if TYPE_CHECKING:
    from .date import DateError
    from .phone import PhoneError

T = TypeVar("T", str, int, bool)


class Imports(Protocol):
    """The contract's imports. Two implementations: the component's, and the script of a test."""

    def send(self, sent: Request) -> Sent | Refused: ...
    def setting(self, name: str) -> str | None: ...
    def hmac_sha256(self, name: str, data: bytes) -> bytes | None: ...
    def log(self, level: Level, message: str, fields: dict[str, str]) -> None: ...
    def now(self) -> datetime: ...
    def instant(self, local: str, zone: str) -> str | DateError: ...
    def local(self, instant: str, zone: str) -> str | DateError: ...
    def normalize(self, number: str) -> str | PhoneError: ...


class Host:
    """A handle on the host, passed to every method of an adapter."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    def get(
        self,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        sign: Sign | None = None,
    ) -> Response:
        """A `GET` of an absolute URL; `jackfield.url` builds one. See `request`."""
        return self.request("GET", url, query=query, headers=headers, sign=sign)

    def post(self, url: str, **what: Any) -> Response:
        """A `POST`; accepts the arguments of `request`."""
        return self.request("POST", url, **what)

    def put(self, url: str, **what: Any) -> Response:
        """A `PUT`; accepts the arguments of `request`."""
        return self.request("PUT", url, **what)

    def patch(self, url: str, **what: Any) -> Response:
        """A `PATCH`; accepts the arguments of `request`."""
        return self.request("PATCH", url, **what)

    def request(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        sign: Sign | None = None,
    ) -> Response:
        """Sends one request and waits for the answer, whatever its status.

        The host adds the tenant's credentials for the origin, so an adapter sets no `authorization` header. Pass at
        most one of `json`, `form` (in UTF-8) and `body` (with its `content_type`; at most 1 MiB).

        `sign` sees the request when it is complete, with `method`, `path`, `query` and `body` as they are sent, and
        returns the headers to add:

            def signed(it: Request) -> dict[str, str]:
                tag = host.hmac_sha256("signing", f"{it.method}\\n{it.path}\\n{it.query}\\n".encode() + it.body)
                return {"x-signature": tag.hex()}

            host.put(place, json=note, sign=signed)

        Raises `Unavailable` if nothing was sent and `Unknown` if no complete answer came, each with the host's reason,
        which is also logged.
        """
        made = request(
            method,
            url,
            query=query,
            headers=headers,
            json=json,
            form=form,
            body=body,
            content_type=content_type,
            sign=sign,
        )
        return exchange(self, self._imports.send(made))

    @overload
    def setting(self, name: str) -> str | None: ...
    @overload
    def setting(self, name: str, kind: type[T]) -> T | None: ...
    def setting(self, name: str, kind: Any = str) -> Any:
        """The value of an optional setting as `str`, `int` or `bool`, or none if the tenant's file does not give it.

        The host checks settings when a release is made. If the adapter uses a setting otherwise than it declares it,
        this raises a rejection that names the setting.
        """
        text = self._imports.setting(name)
        if text is None:
            return None
        if kind is bool:
            if text in ("true", "false"):
                return text == "true"
            raise bad_setting(name, "is neither true nor false")
        if kind is int:
            try:
                return int(text)
            except ValueError:
                raise bad_setting(name, "is no whole number") from None
        return text

    @overload
    def required(self, name: str) -> str: ...
    @overload
    def required(self, name: str, kind: type[T]) -> T: ...
    def required(self, name: str, kind: Any = str) -> Any:
        """The value of a setting that `describe` declares as required. See `setting`."""
        value = self.setting(name, kind)
        if value is None:
            raise bad_setting(name, "is missing")
        return value

    def hmac_sha256(self, name: str, data: bytes | str) -> bytes:
        """HMAC-SHA256 of the bytes with the key of the tenant's `hmac` credential of that name: 32 bytes.

        The key stays in the host. Raises `Unauthorized` if there is no such credential, so that an alert is raised.
        """
        tag = self._imports.hmac_sha256(name, data.encode() if isinstance(data, str) else data)
        if tag is None:
            self.log(Level.ERROR, "no hmac credential of this name", credential=name)
            raise Unauthorized(f"the release has no hmac credential `{name}`")
        return tag

    def log(self, level: Level, message: str, **fields: object) -> None:
        """Writes a line to the host's log, which adds the ids of the invocation.

        Fields are ids and classes, never names, numbers or texts of a lead. The end of what `print` writes goes to the
        host's log too, without a level.
        """
        self._imports.log(level, message, {name: str(value) for name, value in fields.items()})

    def now(self) -> datetime:
        """The current time, in UTC. Use this one: a test can set it."""
        return self._imports.now()


def bad_setting(name: str, what: str) -> Rejected:
    """The failure of a setting that the adapter cannot use, shown to a person."""
    message = "a setting of the tenant is not what the adapter needs"
    return Rejected("bad-setting", message, [FieldError(name, what)])

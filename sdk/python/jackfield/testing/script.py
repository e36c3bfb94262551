"""The test double of the host."""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TypeVar

from ..date import DateError
from ..host import Host
from ..http import Reason, Refused, Request, Sent
from ..log import Level
from ..phone import PhoneError
from . import dates, phones
from .exchange import Exchange

T = TypeVar("T")

_SENDABLE = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
"""The headers' values that the host sends; it denies a request with another."""

_NOW = datetime(2026, 7, 1, 9, 1, 55, tzinfo=timezone.utc)


class Script:
    """A host that plays a script: settings, keys, a time, a country, and the expected requests with their answers, in
    order. It converts local times as the host does, and telephone numbers roughly so (see `phones`).

        script = Script(
            settings={"base_url": "https://crm.example"},
            exchanges=[Exchange(Expected("GET", "https://crm.example/leads/L-1"), Answer(200, json={"stage": "new"}))],
        )
        status = script.run(lambda host: Acme().query_status(host, "L-1"))
    """

    def __init__(
        self,
        exchanges: Iterable[Exchange] = (),
        *,
        settings: dict[str, str] | None = None,
        keys: dict[str, str] | None = None,
        now: datetime = _NOW,
        country: str | None = "IN",
        title: str = "the script",
    ) -> None:
        self._exchanges = list(exchanges)
        self._settings = settings or {}
        self._keys = keys or {}
        self._now = now
        self._country = country
        self._title = title
        self.logged: list[tuple[Level, str, dict[str, str]]] = []
        """What the adapter wrote to the log."""

    def run(self, test: Callable[[Host], T]) -> T:
        """Plays the script to the adapter's code in `test` and returns its result.

        Raises `AssertionError` if a request is missing, unexpected or different from the expected one.
        """
        returned = test(Host(self))
        self.finish()
        return returned

    def finish(self) -> None:
        """Raises `AssertionError` if an expected request was not made."""
        if self._exchanges:
            left = "\n".join(f"  {it.request.method} {it.request.url}" for it in self._exchanges)
            raise AssertionError(f"{self._title}: requests that were expected and not made:\n{left}")

    def send(self, sent: Request) -> Sent | Refused:
        if not self._exchanges:
            raise AssertionError(
                f"{self._title}: no more requests are expected, but this was sent: {sent.method} {sent.url}"
            )
        try:
            came = self._exchanges.pop(0).play(sent)
        except AssertionError as error:
            raise AssertionError(f"{self._title}: {error}") from None
        denied = next((name for name, value in sent.headers if not _SENDABLE.fullmatch(value)), None)
        if denied is not None:
            words = f"header `{denied}` holds something other than visible ASCII and spaces between them; encode it"
            return Refused(Reason.DENIED, words)
        return came

    def setting(self, name: str) -> str | None:
        return self._settings.get(name)

    def hmac_sha256(self, name: str, data: bytes) -> bytes | None:
        key = self._keys.get(name)
        return None if key is None else hmac.new(key.encode(), data, hashlib.sha256).digest()

    def log(self, level: Level, message: str, fields: dict[str, str]) -> None:
        self.logged.append((level, message, fields))
        # unittest shows this with `--buffer` when the test fails.
        print(f"{self._title}: {level.value}: {message} {fields}", file=sys.stderr)

    def now(self) -> datetime:
        return self._now

    def instant(self, local: str, zone: str) -> str | DateError:
        return dates.instant(local, zone)

    def local(self, instant: str, zone: str) -> str | DateError:
        return dates.local(instant, zone)

    def normalize(self, number: str) -> str | PhoneError:
        return phones.normalize(number, self._country)

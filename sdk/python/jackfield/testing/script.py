"""The test double of the host."""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TypeVar

from ..host import Host
from ..http import Refused, Request, Sent
from ..log import Level
from .exchange import Exchange

T = TypeVar("T")

_NOW = datetime(2026, 7, 1, 9, 1, 55, tzinfo=timezone.utc)


class Script:
    """A host that plays a script: settings, keys, a time, and the expected requests with their answers, in order.

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
        title: str = "the script",
    ) -> None:
        self._exchanges = list(exchanges)
        self._settings = settings or {}
        self._keys = keys or {}
        self._now = now
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
            return self._exchanges.pop(0).play(sent)
        except AssertionError as error:
            raise AssertionError(f"{self._title}: {error}") from None

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

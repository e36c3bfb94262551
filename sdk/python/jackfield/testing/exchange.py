"""One expected request and its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from ..http import Reason, Refused, Request, Sent
from ..raw_json import to_json


@dataclass(frozen=True)
class Expected:
    """A request that the adapter must make. It has at most one of `json`, `form` and `text`; without any, its body must
    be empty."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    """These must be present with these values; others may be present too."""
    json: Any = None
    form: dict[str, str] | None = None
    text: str | None = None

    def check(self, sent: Request) -> None:
        """Raises `AssertionError` if another request was sent."""
        _same("method", self.method, sent.method)
        _same("URL", self.url, sent.url)
        there = {name.lower(): value for name, value in reversed(sent.headers)}
        for name, value in self.headers.items():
            _same(f"header {name}", value, there.get(name.lower()))
        if self.json is not None:
            try:
                body = json.loads(sent.body)
            except ValueError as error:
                raise AssertionError(f"the body is not JSON: {error}") from None
            _same("JSON body", self.json, body)
        elif self.form is not None:
            pairs = parse_qsl(sent.body.decode(), keep_blank_values=True)
            _same("form", sorted(self.form.items()), sorted(pairs))
        else:
            _same("body", self.text or "", sent.body.decode(errors="replace"))


@dataclass(frozen=True)
class Answer:
    """A complete answer, with at most one of `json` and `text`."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    text: str | None = None


@dataclass(frozen=True)
class Exchange:
    """An expected request, and either its `answer` or how it `fails`: `{"no_answer": "why"}`, or `denied`,
    `unreachable`, `too_large`."""

    request: Expected
    answer: Answer | None = None
    fails: dict[str, str] | None = None

    def play(self, sent: Request) -> Sent | Refused:
        """The answer. Raises `AssertionError` if another request was sent."""
        self.request.check(sent)
        if (self.answer is None) == (self.fails is None):
            raise AssertionError("an exchange has either an `answer` or `fails`")
        if self.answer is None:
            ((reason, words),) = (self.fails or {}).items()
            return Refused(Reason(reason), words)
        text = self.answer.text or ""
        if self.answer.json is not None:
            text = to_json(self.answer.json)
        return Sent(self.answer.status, tuple(self.answer.headers.items()), text.encode())


def _same(what: str, expected: object, sent: object) -> None:
    if type(expected) is not type(sent) or expected != sent:
        raise AssertionError(f"another {what} than expected\n expected: {expected!r}\n     sent: {sent!r}")

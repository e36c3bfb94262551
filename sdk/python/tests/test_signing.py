"""Signers see what is sent; and the example of `docs/signed-requests.md`, which is run from the page."""

from __future__ import annotations

import hashlib
import hmac
import unittest
from pathlib import Path
from typing import Any

from jackfield import Conflict, Disposition, Failure, Host, Outcome, Receipt, Unauthorized, Unavailable, Unknown
from jackfield.http import Request
from jackfield.raw_json import to_json
from jackfield.testing import Answer, Exchange, Expected, Script

PAGE = Path(__file__).parent / "../../../docs/signed-requests.md"
BASE = "https://crm.example"
KEYS = {"signing": "a test key"}


def page() -> dict[str, Any]:
    """The names that the page's example defines."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("```python\n")
    source, _, _ = rest.partition("```\n")
    # The module's name, where its dataclasses look for their types.
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile("from __future__ import annotations\n" + source, str(PAGE), "exec"), names)
    return names


def signature(method: str, path: str, query: str, body: str) -> dict[str, str]:
    text = f"{method}\n{path}\n{query}\n{body}".encode()
    return {"x-signature": hmac.new(KEYS["signing"].encode(), text, hashlib.sha256).hexdigest()}


def reading(answer: Answer | None, **fails: str) -> Exchange:
    headers = signature("GET", "/leads/L%2F1", "fields=stage%2Crevision", "")
    url = f"{BASE}/leads/L%2F1?fields=stage%2Crevision"
    return Exchange(Expected("GET", url, headers), answer, fails or None)


def writing(revision: str, answer: Answer | None, **fails: str) -> Exchange:
    note = {"call": "K-1", "result": "no_answer"}
    headers = signature("POST", "/leads/L%2F1/calls", "", to_json(note))
    expected = Expected("POST", f"{BASE}/leads/L%2F1/calls", {**headers, "if-match": revision}, json=note)
    return Exchange(expected, answer, fails or None)


def lead(revision: str) -> Exchange:
    return reading(Answer(200, json={"stage": "open", "revision": revision}))


MOVED = Answer(409, json={"code": "E409"})


class Page(unittest.TestCase):
    def written(self, *exchanges: Exchange, keys: dict[str, str] = KEYS) -> Receipt | Failure:
        adapter = page()["Harbour"]()
        call = Disposition("C-1", "L/1", Outcome.NO_ANSWER, "2026-07-01T09:01:55Z")
        script = Script(list(exchanges), settings={"base_url": BASE}, keys=keys)
        try:
            receipt: Receipt = script.run(lambda host: adapter.write_disposition(host, call, "K-1"))
        except Failure as failure:
            return failure
        return receipt

    def test_each_step_has_its_failure(self) -> None:
        saved = Answer(201, json={"number": "4711"})
        self.assertEqual(self.written(lead("7"), writing("7", saved)), Receipt("4711"))
        again = self.written(lead("7"), writing("7", MOVED), lead("8"), writing("8", saved))
        self.assertEqual(again, Receipt("4711"))
        moving = self.written(lead("7"), writing("7", MOVED), lead("8"), writing("8", MOVED))
        self.assertEqual(moving, Conflict("the lead's revision moved"))
        self.assertIsInstance(self.written(reading(None, no_answer="timed out")), Unavailable)
        self.assertIsInstance(self.written(reading(Answer(200, text="<html>"))), Unavailable)
        self.assertIsInstance(self.written(reading(Answer(401))), Unauthorized)
        self.assertIsInstance(self.written(lead("7"), writing("7", None, no_answer="timed out")), Unknown)
        self.assertIsInstance(self.written(lead("7"), writing("7", Answer(201, json={}))), Unknown)
        self.assertIsInstance(self.written(keys={}), Unauthorized)


class Signing(unittest.TestCase):
    def test_signers_see_what_is_sent(self) -> None:
        seen: list[Request] = []

        def sign(it: Request) -> dict[str, str]:
            seen.append(it)
            return {"x-signed": "yes"}

        for url, path, query in (
            (f"{BASE}/x%2Fy?q=1", "/x%2Fy", "q=1&r=a+b"),
            (BASE, "/", "r=a+b"),
            (f"{BASE}?q=/", "/", "q=/&r=a+b"),
            (f"{BASE}:80/x//y", "/x//y", "r=a+b"),
        ):
            joint = "&" if "?" in url else "?"
            expected = Expected("POST", f"{url}{joint}r=a+b", {"x-signed": "yes"}, form={"k": "1"})

            def send(host: Host, url: str = url) -> int:
                return host.post(url, query={"r": "a b"}, form={"k": "1"}, sign=sign).status

            self.assertEqual(Script([Exchange(expected, Answer(200))]).run(send), 200)
            it = seen.pop()
            self.assertEqual((it.method, it.path, it.query, it.body), ("POST", path, query, b"k=1"))

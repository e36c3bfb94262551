"""What each answer of a CRM means, and what is sent."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jackfield import (
    Failure,
    FieldError,
    Host,
    Level,
    NotFound,
    RateLimited,
    Rejected,
    Response,
    Unauthorized,
    Unavailable,
    Unknown,
    url,
)
from jackfield.testing import Answer, Exchange, Expected, Script

URL = "https://crm.example/"


def outcome(exchange: Exchange, call: Callable[[Host], Any] = lambda host: host.get(URL).accept().status) -> Any:
    try:
        return Script([exchange]).run(call)
    except Failure as failure:
        return failure


def answered(answer: Answer) -> Any:
    return outcome(Exchange(Expected("GET", URL), answer))


class Statuses(unittest.TestCase):
    def test_each_status_has_its_failure(self) -> None:
        unsaid = "the CRM refused the request and did not say why"
        cases: dict[int, Any] = {
            **dict.fromkeys((200, 201, 204, 299), None),
            **dict.fromkeys((301, 302, 307, 408, 500, 501, 502, 504), Unknown()),
            **dict.fromkeys((401, 403), Unauthorized()),
            404: NotFound(),
            429: RateLimited(),
            503: Unavailable(),
            **{status: Rejected(f"http-{status}", unsaid) for status in (400, 405, 409, 410, 422, 499)},
        }
        for status, failure in cases.items():
            with self.subTest(status):
                self.assertEqual(answered(Answer(status)), failure or status)

    def test_retry_after_is_read_as_seconds(self) -> None:
        for value, seconds in {
            "30": 30,
            " 7 ": 7,
            "0": 0,
            "99999999999": None,
            "9999999999": 2**32 - 1,
            "-1": None,
            "1.5": None,
            "३०": None,
            "Wed, 01 Jul 2026 09:30:00 GMT": None,
        }.items():
            with self.subTest(value):
                self.assertEqual(answered(Answer(429, headers={"Retry-After": value})), RateLimited(seconds))

    def test_only_an_unsent_request_is_unavailable(self) -> None:
        for reason, failure in {
            "denied": Unavailable(),
            "unreachable": Unavailable(),
            "no_answer": Unknown(),
            "too_large": Unknown(),
        }.items():
            self.assertEqual(outcome(Exchange(Expected("GET", URL), fails={reason: "why"})), failure)

    def test_the_hosts_reason_is_logged(self) -> None:
        script = Script([Exchange(Expected("GET", URL), fails={"unreachable": "refused"})])
        with self.assertRaises(Unavailable):
            script.run(lambda host: host.get(URL))
        self.assertEqual(
            script.logged, [(Level.WARN, "no answer from the CRM", {"what": "unreachable", "reason": "refused"})]
        )

    def test_adapter_explains_a_refusal(self) -> None:
        @dataclass(frozen=True)
        class Problem:
            code: str

        def explain(response: Response) -> Rejected | None:
            problem = response.explain_as(Problem)
            return Rejected(problem.code, "no", [FieldError("stage", "bad")]) if problem else None

        def call(host: Host) -> Response:
            return host.get(URL).accept(explain)

        request = Expected("GET", URL)
        explained = Rejected("E7", "no", [FieldError("stage", "bad")])
        self.assertEqual(outcome(Exchange(request, Answer(422, json={"code": "E7"})), call), explained)
        for text in ("", "{", "<html>", '{"code": 7}', "[" * 100_000):
            self.assertEqual(outcome(Exchange(request, Answer(422, text=text)), call).code, "http-422")
        self.assertEqual(outcome(Exchange(request, Answer(404, json={"code": "E7"})), call), NotFound())


class Bodies(unittest.TestCase):
    def test_unreadable_answer_is_unknown(self) -> None:
        @dataclass(frozen=True)
        class Saved:
            number: str

        for text in ("", "{", '{"number": "Asha', "<html>", "[]", '{"number": 7}', "{}", "null"):
            script = Script([Exchange(Expected("GET", URL), Answer(200, text=text))])
            with self.subTest(text), self.assertRaises(Unknown):
                script.run(lambda host: host.get(URL).accept().json(Saved))
            ((level, message, fields),) = script.logged
            self.assertEqual((level, message), (Level.WARN, "the CRM's answer cannot be read"))
            self.assertNotIn("Asha", str(fields))

    def test_json_and_forms_are_sent_as_utf8(self) -> None:
        def sent(request: Expected, **what: Any) -> None:
            Script([Exchange(request, Answer(200))]).run(lambda host: host.post(URL, **what))

        sent(Expected("POST", URL, {"content-type": "application/json"}, json={"बात": None}), json={"बात": None})
        sent(Expected("POST", URL, json=None, text="false"), json=False)
        form = {"a": "क & ख", "b": ""}
        sent(Expected("POST", URL, {"Content-Type": "application/x-www-form-urlencoded"}, form=form), form=form)
        sent(Expected("POST", URL + "?a=1&b=%26", text="x"), query={"a": "1", "b": "&"}, body=b"x")

    def test_invalid_bodies_are_refused(self) -> None:
        for what in ({"json": {}, "body": b""}, {"json": float("nan")}, {"json": object()}):
            with self.assertRaises((TypeError, ValueError)):
                Script().run(lambda host, what=what: host.post(URL, **what))  # type: ignore[misc]


class Urls(unittest.TestCase):
    def test_id_stays_one_segment(self) -> None:
        self.assertEqual(url("https://crm.example", "leads", "A/7 ख"), "https://crm.example/leads/A%2F7%20%E0%A4%96")
        self.assertEqual(url("https://crm.example"), "https://crm.example")

    def test_dot_segments_are_refused(self) -> None:
        for segment in ("", ".", ".."):
            with self.assertRaises(Rejected):
                url("https://crm.example", segment)


class Settings(unittest.TestCase):
    def test_settings_are_typed(self) -> None:
        script = Script(settings={"text": "x", "number": "-7", "yes": "true", "no": "false"})

        def call(host: Host) -> list[Any]:
            return [
                host.required("text"),
                host.required("number", int),
                host.required("yes", bool),
                host.setting("no", bool),
                host.setting("absent"),
                host.setting("absent", int),
            ]

        self.assertEqual(script.run(call), ["x", -7, True, False, None, None])

    def test_rejection_names_a_bad_setting(self) -> None:
        def failed(call: Callable[[Host], Any]) -> list[FieldError]:
            with self.assertRaises(Rejected) as rejected:
                Script(settings={"number": "seven"}).run(call)
            return list(rejected.exception.fields)

        self.assertEqual(failed(lambda host: host.required("absent")), [FieldError("absent", "is missing")])
        self.assertEqual(failed(lambda host: host.setting("number", int)), [FieldError("number", "is no whole number")])
        self.assertEqual(
            failed(lambda host: host.required("number", bool)), [FieldError("number", "is neither true nor false")]
        )

    def test_signs_with_the_tenants_key(self) -> None:
        # RFC 4231, test case 2.
        tag = Script(keys={"signing": "Jefe"}).run(lambda host: host.hmac_sha256("signing", "what do ya want for nothing?"))
        self.assertEqual(tag.hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        with self.assertRaises(Unauthorized):
            Script().run(lambda host: host.hmac_sha256("signing", b""))

"""What each answer of a CRM means, and what is sent."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jackfield import (
    Conflict,
    Extension,
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
from jackfield.http import Sent
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
            **{status: Unknown(f"the CRM answered {status}") for status in (301, 302, 307, 408, 500, 501, 502, 504)},
            **{status: Unauthorized(f"the CRM answered {status}") for status in (401, 403)},
            404: NotFound(),
            412: Conflict("the CRM answered 412"),
            429: RateLimited(),
            503: Unavailable("the CRM answered 503"),
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
            "denied": Unavailable("denied: why"),
            "unreachable": Unavailable("unreachable: why"),
            "no_answer": Unknown("no-answer: why"),
            "too_large": Unknown("too-large: why"),
        }.items():
            self.assertEqual(outcome(Exchange(Expected("GET", URL), fails={reason: "why"})), failure)

    def test_the_hosts_reason_is_logged(self) -> None:
        script = Script([Exchange(Expected("GET", URL), fails={"unreachable": "refused"})])
        with self.assertRaises(Unavailable):
            script.run(lambda host: host.get(URL))
        self.assertEqual(
            script.logged, [(Level.WARN, "no answer from the CRM", {"what": "unreachable", "reason": "refused"})]
        )

    def test_adapter_judges_first(self) -> None:
        def judge(answer: Response) -> Failure | None:
            word = answer.json().get("error")
            return Conflict(f"error {word}") if word else None

        def call(host: Host) -> int:
            return host.get(URL).judge(judge).accept().status

        for status in (200, 401, 403, 404, 409, 429, 500, 503):
            moved = Exchange(Expected("GET", URL), Answer(status, json={"error": "E409"}))
            self.assertEqual(outcome(moved, call), Conflict("error E409"), status)
        self.assertEqual(outcome(Exchange(Expected("GET", URL), Answer(200, json={})), call), 200)
        self.assertEqual(outcome(Exchange(Expected("GET", URL), Answer(404, json={})), call), NotFound())

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
            with self.subTest(text), self.assertRaises(Unknown) as unknown:
                script.run(lambda host: host.get(URL).accept().json(Saved))
            reason = unknown.exception.reason or ""
            self.assertTrue(reason.startswith("the CRM's answer with status 200 cannot be read: "), reason)
            self.assertNotIn("Asha", reason)
            ((level, message, fields),) = script.logged
            self.assertEqual((level, message), (Level.WARN, "the CRM's answer cannot be read"))
            self.assertNotIn("Asha", str(fields))

    def test_text_is_decoded(self) -> None:
        def answered(body: bytes, content_type: str = "") -> str:
            response = Response(Host(Script()), Sent(200, (("Content-Type", content_type),), body))
            return response.text()

        self.assertEqual(answered("₹ आशा".encode()), "₹ आशा")
        self.assertEqual(answered(b"\xef\xbb\xbf\xe2\x82\xb9"), "₹")
        # What is UTF-8 is UTF-8, whatever it says.
        self.assertEqual(answered("é".encode(), "text/plain; charset=windows-1252"), "é")
        self.assertEqual(answered("é".encode("latin-1"), 'text/plain; charset="ISO-8859-1"'), "é")
        self.assertEqual(answered("आशा".encode("utf-16")), "आशा")
        self.assertEqual(answered("आशा".encode("utf-16-le"), "text/plain; charset=UTF-16LE"), "आशा")
        for body, content_type, why in (
            (b"\xe9", "", "not UTF-8"),
            (b"\xe9", "text/plain; charset=klingon", "in a charset that is not known here: klingon"),
        ):
            with self.assertRaises(Unknown) as unknown:
                answered(body, content_type)
            self.assertTrue((unknown.exception.reason or "").endswith(why), unknown.exception.reason)

    def test_numbers_keep_their_digits(self) -> None:
        text = '{"rate": 1.10, "limit": 1e2, "ref": 100000000000000000000001}'
        script = Script([Exchange(Expected("GET", URL), Answer(200, text=text))])
        value = script.run(lambda host: host.get(URL).json())
        self.assertEqual(Extension.of("all", value), Extension("/all", text))
        self.assertEqual(value["rate"] + 1, 2.1)
        sent = Exchange(Expected("POST", URL, json={"rate": 1.1, "limit": 100, "ref": 10**23 + 1}), Answer(200))
        Script([sent]).run(lambda host: host.post(URL, json=value))

    def test_headers_are_visible_ascii(self) -> None:
        for value in ("कॉल-2", "é", "two\nlines", " x"):
            exchange = Exchange(Expected("GET", URL), Answer(200))
            failure = outcome(exchange, lambda host, value=value: host.get(URL, headers={"x-key": value}))  # type: ignore[misc]
            self.assertIsInstance(failure, Unavailable)
            self.assertIn("denied: header `x-key` holds", failure.reason)

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

    def test_half_a_surrogate_pair_is_replaced(self) -> None:
        self.assertEqual(url("https://crm.example", "\ud83d"), "https://crm.example/%EF%BF%BD")
        for sent, what in (
            (Expected("POST", URL, json={"said": "\ufffd 😀"}), {"json": {"said": "\ud83d \ud83d\ude00"}}),
            (Expected("POST", URL, form={"said": "\ufffd"}), {"form": {"said": "\ude00"}}),
        ):
            Script([Exchange(sent, Answer(200))]).run(lambda host, what=what: host.post(URL, **what))  # type: ignore[misc]

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

"""The test double detects mistakes and reports them."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from jackfield import Adapter, Description, Disposition, Host, LeadStatus, Outcome, Receipt
from jackfield.testing import Answer, Exchange, Expected, Script, replay


class Acme(Adapter):
    def describe(self) -> Description:
        return Description("acme", "1.0.0")

    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        stage = host.get(f"https://crm.example/{lead_id}").accept().json()["stage"]
        return LeadStatus(lead_id, callable=True, status=stage)

    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        assert call.outcome is Outcome.OTHER
        return Receipt(f"{idempotency_key} {call.other_outcome}")


def recorded(**changes: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": "https://crm.example/L-1"}
    return {
        "about": "A lead",
        "call": {"query_status": {"lead_id": "L-1"}},
        "exchanges": [{"request": request, "answer": {"status": 200, "json": {"stage": "new"}}}],
        "returns": {"ok": {"lead_id": "L-1", "callable": True, "status": "new"}},
        **changes,
    }


class Replays(unittest.TestCase):
    def replayed(self, recording: dict[str, Any]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "one.json").write_text(json.dumps(recording), encoding="utf-8")
            try:
                replay(folder, Acme())
            except AssertionError as error:
                return str(error)
        return "well"

    def test_matching_recordings_pass(self) -> None:
        self.assertEqual(self.replayed(recorded()), "well")
        write = {"disposition": {"call_id": "C", "lead_id": "L", "outcome": {"other": "w"}, "accepted_at": "now"}}
        returns = {"ok": {"reference": "C w"}}
        self.assertEqual(
            self.replayed(recorded(call={"write_disposition": write}, exchanges=[], returns=returns)), "well"
        )
        answers = [
            ({"status": 404}, "not_found"),
            ({"status": 429, "headers": {"Retry-After": "30"}}, {"rate_limited": 30}),
            (
                {"status": 409},
                {"rejected": {"code": "http-409", "message": "the CRM refused the request and did not say why"}},
            ),
        ]
        for answer, failure in answers:
            exchange = {"request": recorded()["exchanges"][0]["request"], "answer": answer}
            self.assertEqual(self.replayed(recorded(exchanges=[exchange], returns={"err": failure})), "well")

    def test_differences_are_named(self) -> None:
        other = recorded()
        other["exchanges"][0]["request"]["url"] = "https://crm.example/L-2"
        for recording, words in (
            (other, "another URL than expected"),
            (recorded(exchanges=[]), "no more requests are expected, but this was sent: GET"),
            (recorded(exchanges=recorded()["exchanges"] * 2), "requests that were expected and not made"),
            (recorded(returns={"ok": {"lead_id": "L-1", "callable": False, "status": "new"}}), "expected LeadStatus"),
            (recorded(returns={"err": "unknown"}), "expected Unknown"),
            (recorded(returns={"err": "sideways"}), "there is no failure"),
            (recorded(call={"find": {"lead_id": "L", "idempotency_key": "K"}}), "does not derive from Lookup"),
            (recorded(abuot="x"), "/abuot is not known"),
        ):
            self.assertIn(words, self.replayed(recording))

    def test_empty_folder_fails(self) -> None:
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(AssertionError):
            replay(folder, Acme())

    def test_exchange_answers_or_fails(self) -> None:
        both = Exchange(Expected("GET", "https://crm.example/L-1"), Answer(200), {"denied": "x"})
        with self.assertRaises(AssertionError):
            Script([both]).run(lambda host: Acme().query_status(host, "L-1"))

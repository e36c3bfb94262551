"""The test double detects mistakes and reports them."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from jackfield import (
    Adapter,
    Description,
    Disposition,
    Host,
    Inbound,
    Lead,
    LeadStatus,
    Outcome,
    ParseLeads,
    Receipt,
    Rejected,
    each_lead,
    phone,
)
from jackfield.testing import Answer, Exchange, Expected, Script, replay


LATE = "2026-07-01T14:31:00+0530"


class Acme(Adapter, ParseLeads):
    def describe(self) -> Description:
        return Description("acme", "1.0.0")

    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        stage = host.get(f"https://crm.example/{lead_id}").accept().json()["stage"]
        return LeadStatus(lead_id, callable=True, status=stage)

    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        assert call.outcome is Outcome.OTHER
        return Receipt(f"{idempotency_key} {call.other_outcome}")

    def parse_leads(self, host: Host, inbound: Inbound) -> list[Lead | Rejected]:
        def lead(row: tuple[int, str]) -> Lead:
            at, number = row
            return Lead(id=str(at), phone=phone.e164(host, number, field=str(at)))

        return each_lead(enumerate(inbound.body.decode().split(",")), lead)


def recorded(**changes: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": "https://crm.example/L-1"}
    return {
        "about": "A lead",
        "call": {"query_status": {"lead_id": "L-1"}},
        "exchanges": [{"request": request, "answer": {"status": 200, "json": {"stage": "new"}}}],
        "returns": {"ok": {"lead_id": "L-1", "callable": True, "status": "new"}},
        **changes,
    }


def failing(status: int, failure: Any) -> dict[str, Any]:
    exchange = {"request": recorded()["exchanges"][0]["request"], "answer": {"status": status}}
    return recorded(exchanges=[exchange], returns={"err": failure})


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
            ({"status": 503}, "unavailable"),
            ({"status": 503}, {"unavailable": "the CRM answered 503"}),
            ({"status": 412}, {"conflict": "the CRM answered 412"}),
            (
                {"status": 409},
                {"rejected": {"code": "http-409", "message": "the CRM refused the request and did not say why"}},
            ),
        ]
        for answer, failure in answers:
            exchange = {"request": recorded()["exchanges"][0]["request"], "answer": answer}
            self.assertEqual(self.replayed(recorded(exchanges=[exchange], returns={"err": failure})), "well")

    def test_leads_are_refused_one_by_one(self) -> None:
        refused = {"code": "bad-phone", "message": "a telephone number cannot be used"}
        message = "is not in its country's numbering plan: too short, too long, or an unknown prefix"
        why = {"field": "1", "message": message}
        leads = [{"id": "0", "phone": "+919800000000"}, {"rejected": {**refused, "fields": [why]}}]
        call = {"parse_leads": {"body": "98000 00000,123"}}
        recording = recorded(call=call, exchanges=[], country="IN", returns={"ok": leads})
        self.assertEqual(self.replayed(recording), "well")
        self.assertIn("expected", self.replayed({**recording, "returns": {"ok": leads[:1]}}))
        self.assertIn("expected", self.replayed({**recording, "country": None}))

    def test_differences_are_named(self) -> None:
        other = recorded()
        other["exchanges"][0]["request"]["url"] = "https://crm.example/L-2"
        for recording, words in (
            (other, "another URL than expected"),
            (recorded(exchanges=[]), "no more requests are expected, but this was sent: GET"),
            (recorded(exchanges=recorded()["exchanges"] * 2), "requests that were expected and not made"),
            (recorded(returns={"ok": {"lead_id": "L-1", "callable": False, "status": "new"}}), "expected LeadStatus"),
            (recorded(returns={"err": "unknown"}), "expected Unknown"),
            (
                recorded(returns={"ok": {"lead_id": "L-1", "callable": True, "status": "new", "last_call_attempt": LATE}}),
                "/returns/ok/last_call_attempt should be written as the host gets it: 2026-07-01T14:31:00+05:30",
            ),
            (recorded(returns={"err": "sideways"}), "there is no failure"),
            (failing(503, {"unavailable": "because"}), "expected Unavailable {'reason': 'because'}"),
            (failing(503, "unknown"), "expected Unknown"),
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

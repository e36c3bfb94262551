"""A guest that fails in every way that Python can, selected by the lead's id, and converts times and numbers."""

from __future__ import annotations

import sys

from jackfield import (
    Adapter,
    Conflict,
    Description,
    Disposition,
    Extension,
    Failure,
    FieldError,
    Host,
    Inbound,
    Lead,
    LeadStatus,
    Level,
    Lookup,
    NotFound,
    Outcome,
    ParseLeads,
    Qualification,
    RateLimited,
    Receipt,
    Rejected,
    SiteVisit,
    Unauthorized,
    Unavailable,
    Unknown,
    export,
)
from conversions import converted
from stages import to_status


class Raises(Adapter, Lookup, ParseLeads):
    def describe(self) -> Description:
        return Description("py-raises", "1.0.0")

    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        match lead_id:
            case "key":
                return to_status({})
            case "value":
                raise ValueError("bad stage\n'x' of two lines")
            case "silent":
                raise AssertionError
            case "exit":
                sys.exit(0)
            case "deep":
                return self.query_status(host, lead_id)
            case "library":
                int("twelve")
            case "no-return":
                return None  # type: ignore[return-value]
            case "wrong-type":
                return LeadStatus(lead_id, callable=True, status=None)  # type: ignore[arg-type]
            case "own-failure":
                raise Failure("one that the contract does not name")
            case "memory":
                hoard = []
                while True:
                    hoard.append(bytearray(1 << 20))
            case "unavailable":
                raise Unavailable("down since noon")
            case "unknown":
                raise Unknown("status E503")
            case "rate-limited":
                raise RateLimited(7)
            case "unauthorized":
                raise Unauthorized("the token expired")
            case "conflict":
                raise Conflict("the revision moved")
            case "bare-conflict":
                raise Conflict
            case "bad-reason":
                raise Unavailable(503)  # type: ignore[arg-type]
            case "half-a-character":
                host.log(Level.INFO, "\ud83d", lead="\ud83d")
                raise Rejected("\ud83d", "\ud83d\ude00", [FieldError("\ud83d", "no")])
            case "not-found":
                raise NotFound
            case "rejected":
                raise Rejected("P-1", "नहीं", [FieldError("stage", "no")])
            case codec if codec.startswith("codec-"):
                name = codec.removeprefix("codec-")
                return LeadStatus(lead_id, callable=True, status="cafe".encode(name).decode(name))
            case question if question.count("|") == 2:
                return LeadStatus(lead_id, callable=True, status=converted(host, *question.split("|")))
        host.log(Level.INFO, "asked", lead=lead_id)
        return LeadStatus(
            lead_id,
            callable=True,
            status="new",
            last_call_attempt=host.now().isoformat(),
            extensions=[Extension.of("floor", "ऊपर")],
        )

    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        """Accepts only the disposition that the test sends, to show that nothing is lost on the way in."""
        if call.outcome is Outcome.NO_ANSWER:
            return Receipt(f"bare {call == Disposition(call.call_id, call.lead_id, call.outcome, call.accepted_at)}")
        expected = Disposition(
            call_id=idempotency_key,
            lead_id="L-1",
            outcome=Outcome.OTHER,
            other_outcome="wants_a_penthouse",
            accepted_at=call.accepted_at,
            duration_seconds=306,
            recording_url="https://storage.agent.example/recordings/ZAP-CALL-20260701-0001.mp3",
            transcript_url="https://storage.agent.example/transcripts/ZAP-CALL-20260701-0001.json",
            qualification=Qualification(82, 8_500_000, 12_000_000, "3BHK", "18_months", True, "end_use", False),
            site_visit=SiteVisit(True, "2026-07-05", "11:00", "Asia/Kolkata"),
            language_used="hindi",
        )
        if call != expected:
            raise AssertionError(f"{call} != {expected}")
        return Receipt("whole")

    def find(self, host: Host, lead_id: str, idempotency_key: str) -> Receipt | None:
        return Receipt("found") if lead_id == "there" else None

    def parse_leads(self, host: Host, inbound: Inbound) -> list[Lead | Rejected]:
        lead = Lead(id=inbound.body.decode(), phone="+919800000000", created_at="2026-07-01t14:31:00+0530")
        return [lead, Rejected("L-1", "no number", [FieldError("phone", "is missing")])]


export(Raises())

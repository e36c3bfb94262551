"""Converts the contract's records to the CRM's and back, without a request: the host converts local times only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jackfield import Disposition, Host, LeadStatus, Outcome
from jackfield.date import in_ist, rfc3339, visit_start

RESULTS = {
    Outcome.QUALIFIED_VISIT_BOOKED: "VISIT",
    Outcome.QUALIFIED_NO_VISIT: "HOT",
    Outcome.CALLBACK_REQUESTED: "CALL_BACK",
    Outcome.NOT_INTERESTED_BUDGET: "LOST_BUDGET",
    Outcome.NOT_INTERESTED_LOCATION: "LOST_LOCATION",
    Outcome.NOT_INTERESTED_TIMELINE: "LOST_TIMELINE",
    Outcome.ALREADY_PURCHASED: "BOUGHT",
    Outcome.WRONG_NUMBER: "WRONG_NUMBER",
    Outcome.DNC_REQUESTED: "NEVER_CALL",
    Outcome.NO_ANSWER: "NO_ANSWER",
    Outcome.INVALID_NUMBER: "DEAD_NUMBER",
    Outcome.DUPLICATE_SUPPRESSED: "DUPLICATE",
    Outcome.OTHER: "OTHER",
}


@dataclass(frozen=True)
class Lead:
    """A lead in the CRM's answer. Other members are ignored; if one of these is missing, the answer is unreadable."""

    id: str
    stage: str
    do_not_call: bool
    sales_contacted: bool
    last_called_at: datetime | None


@dataclass(frozen=True)
class Saved:
    """The CRM's confirmation that it has stored a call."""

    number: str


@dataclass(frozen=True)
class Problem:
    """Why the CRM refused."""

    code: str
    message: str
    fields: dict[str, str] = field(default_factory=dict)


def lead_status(lead: Lead) -> LeadStatus:
    return LeadStatus(
        lead_id=lead.id,
        callable=lead.stage in ("new", "contacted") and not lead.do_not_call and not lead.sales_contacted,
        status=lead.stage,
        dnc=lead.do_not_call,
        human_contacted=lead.sales_contacted,
        last_call_attempt=rfc3339(lead.last_called_at) if lead.last_called_at else None,
    )


def note(host: Host, call: Disposition) -> dict[str, Any]:
    """A call in the CRM's format. Every value may be missing, because a call can end at any point."""
    learned = call.qualification
    visit = visit_start(host, call.site_visit)
    return {
        "result": RESULTS[call.outcome],
        "result_text": call.other_outcome,
        "called_at": rfc3339(in_ist(call.accepted_at)),
        "seconds": call.duration_seconds,
        "score": learned.ai_intent_score,
        "budget": [learned.budget_min, learned.budget_max],
        "visit": visit and {"starts_at": rfc3339(visit.at), "zone": visit.zone},
        "do_not_call": call.dnc_requested,
        "language": call.language_used,
        "recording": call.recording_url,
        "more": {it.pointer: it.raw for it in call.extensions},
    }

"""Converts the contract's records to parcel's and back, without a request: the host converts local times only."""

from __future__ import annotations

from decimal import Decimal

from jackfield import Disposition, Host, LeadStatus, Outcome, Receipt
from jackfield.date import VisitStart, in_ist, normalized, rfc3339, visit_start
from jackfield.xml import Element, SubElement
from soap import Unreadable, add, boolean, needed, p, text
from stages import Stages

CODES = {
    Outcome.QUALIFIED_VISIT_BOOKED: "VISIT",
    Outcome.QUALIFIED_NO_VISIT: "QUALIFIED",
    Outcome.CALLBACK_REQUESTED: "CALLBACK",
    Outcome.NOT_INTERESTED_BUDGET: "LOST-BUDGET",
    Outcome.NOT_INTERESTED_LOCATION: "LOST-LOCATION",
    Outcome.NOT_INTERESTED_TIMELINE: "LOST-TIME",
    Outcome.ALREADY_PURCHASED: "BOUGHT",
    Outcome.WRONG_NUMBER: "WRONG-PERSON",
    Outcome.DNC_REQUESTED: "DNC",
    Outcome.NO_ANSWER: "NO-ANSWER",
    Outcome.INVALID_NUMBER: "DEAD-NUMBER",
    Outcome.DUPLICATE_SUPPRESSED: "DUPLICATE",
    Outcome.OTHER: "OTHER",
}

REMARKS_CHARS = 1000
"""The longest remarks that parcel accepts, in characters."""


def get_lead_status(lead_id: str) -> Element:
    """`<p:GetLeadStatus>`"""
    operation = Element(p("GetLeadStatus"))
    add(operation, "LeadNumber", lead_id)
    return operation


def lead_status(answer: Element, stages: Stages) -> LeadStatus:
    """The lead status in `<p:GetLeadStatusResponse>`.

    Parcel does not say whether a lead may be called: it may while its stage is open, and it is neither do-not-call nor
    assigned to a salesperson.
    """
    lead = answer.find(p("Lead"))
    if lead is None:
        raise Unreadable("<Lead> is missing")
    word, is_open = stages.read(needed(lead, "StageCode"))
    dnc, spoke = boolean(lead, "DoNotCall"), boolean(lead, "OwnerSpoke")
    return LeadStatus(
        lead_id=needed(lead, "LeadNumber"),
        callable=is_open and not dnc and not spoke,
        status=word,
        dnc=dnc,
        human_contacted=spoke,
        last_call_attempt=_last_call(text(lead, "LastCalledOn")),
    )


def record_call_outcome(host: Host, call: Disposition, key: str) -> Element:
    """`<p:RecordCallOutcome>`: an `xs:sequence`, so parcel prescribes the order. Parcel recognises a repetition by its
    `CallReference`."""
    learned = call.qualification
    visit = visit_start(host, call.site_visit)
    operation = Element(p("RecordCallOutcome"))
    it = SubElement(operation, p("Call"))
    add(it, "CallReference", key)
    add(it, "LeadNumber", call.lead_id)
    add(it, "OutcomeCode", CODES[call.outcome])
    add(it, "OutcomeText", call.other_outcome)
    add(it, "CalledOn", rfc3339(in_ist(call.accepted_at).replace(microsecond=0)))
    add(it, "DurationSeconds", call.duration_seconds)
    add(it, "IntentScore", learned.ai_intent_score)
    add(it, "BudgetFrom", _amount(learned.budget_min))
    add(it, "BudgetTo", _amount(learned.budget_max))
    add(it, "UnitType", learned.bhk_preference)
    add(it, "PossessionWithin", learned.possession_timeline)
    add(it, "LoanNeeded", learned.loan_required)
    add(it, "Purpose", learned.purchase_intent)
    add(it, "NonResident", learned.nri_flag)
    _visit(it, visit)
    add(it, "DoNotCall", call.dnc_requested)
    add(it, "DuplicateLead", call.duplicate_detected)
    add(it, "Language", call.language_used)
    add(it, "RecordingUrl", call.recording_url)
    add(it, "TranscriptUrl", call.transcript_url)
    add(it, "Remarks", _remarks(call, fixed=visit is not None))
    return operation


def receipt(answer: Element) -> Receipt:
    """Parcel's number of the record; of the first one, if parcel already had the call."""
    boolean(answer, "Duplicate")
    return Receipt(needed(answer, "RecordNumber"))


def _visit(call: Element, visit: VisitStart | None) -> None:
    element = add(call, "Visit", None if visit is None else "")
    if visit is not None:
        # Parcel expects local time and the zone's name, and has its own zone data. A time in a gap is already moved.
        add(element, "VisitDate", visit.at.date().isoformat())
        add(element, "VisitTime", visit.at.time().isoformat("seconds"))
        add(element, "VisitZone", visit.zone)


def _amount(rupees: int | None) -> str | None:
    """Whole rupees as an `xs:decimal` with two places."""
    return None if rupees is None else f"{Decimal(rupees):.2f}"


def _remarks(call: Disposition, *, fixed: bool) -> str | None:
    """The values that parcel has no element for: a visit that was discussed but not fixed, and extensions."""
    parts = []
    if not fixed and call.site_visit is not None:
        wish = [part for part in (call.site_visit.date, call.site_visit.time_slot) if part]
        if wish:
            parts.append(f"visit wish={' '.join(wish)}")
    parts += [f"{it.pointer}={it.json}" for it in call.extensions]
    remarks = "; ".join(parts)
    if len(remarks) > REMARKS_CHARS:
        remarks = remarks[: REMARKS_CHARS - 1] + "…"
    return remarks or None


def _last_call(text: str | None) -> str | None:
    """An `xs:dateTime` with an offset as RFC 3339; none for a lead that was never called."""
    if text is None:
        return None
    read = normalized(text)
    if read is None:
        raise Unreadable("<LastCalledOn> is no xs:dateTime with an offset")
    return read

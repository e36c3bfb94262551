"""The records of the contract."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .instants import normalized
from .raw_json import RawJson, from_json, to_json


@dataclass(frozen=True)
class Extension:
    """A field that the contract does not name, kept as it was sent."""

    pointer: str
    """Its position: an RFC 6901 JSON pointer, such as `/qualification/floor`."""
    json: str
    """Its value as JSON text: `"12"` with the quotes for a string, `12` for a number."""

    @classmethod
    def of(cls, name: str, value: Any) -> Extension:
        """An extension at the top level, under a name of the CRM: `Extension.of("floor", 12)`. Numbers that came from
        `Response.json` keep their digits."""
        escaped = name.replace("~", "~0").replace("/", "~1")
        return cls(f"/{escaped}", to_json(value))

    @property
    def raw(self) -> RawJson:
        """The value, to be passed on in a JSON body with all its digits. Text that is not JSON becomes a string, so that
        nothing is lost."""
        try:
            return RawJson(self.json)
        except ValueError:
            return RawJson(json.dumps(self.json, ensure_ascii=False))

    @property
    def value(self) -> Any:
        """The parsed value, to be read. Its numbers keep their digits where they are passed on as JSON (`JsonFloat`), but
        not in `str`. Text that is not JSON is returned as it is, so that nothing is lost."""
        try:
            return from_json(self.json)
        except ValueError:
            return self.json


class Outcome(Enum):
    """How a call ended: one of twelve named outcomes, or another that the calling platform reports."""

    QUALIFIED_VISIT_BOOKED = "qualified_visit_booked"
    QUALIFIED_NO_VISIT = "qualified_no_visit"
    CALLBACK_REQUESTED = "callback_requested"
    NOT_INTERESTED_BUDGET = "not_interested_budget"
    NOT_INTERESTED_LOCATION = "not_interested_location"
    NOT_INTERESTED_TIMELINE = "not_interested_timeline"
    ALREADY_PURCHASED = "already_purchased"
    WRONG_NUMBER = "wrong_number"
    DNC_REQUESTED = "dnc_requested"
    """The lead asked never to be called again."""
    NO_ANSWER = "no_answer"
    INVALID_NUMBER = "invalid_number"
    DUPLICATE_SUPPRESSED = "duplicate_suppressed"
    OTHER = "other"
    """An outcome that the contract does not name: `Disposition.other_outcome` has it as the platform spelled it."""


@dataclass(frozen=True)
class Qualification:
    """What was learned about the lead. Every field may be missing, because a call can end at any point."""

    ai_intent_score: int | None = None
    """0 to 100."""
    budget_min: int | None = None
    """In whole rupees."""
    budget_max: int | None = None
    """In whole rupees."""
    bhk_preference: str | None = None
    """Flat size, such as `3BHK`, as the platform spelled it."""
    possession_timeline: str | None = None
    """Such as `18_months`."""
    loan_required: bool | None = None
    purchase_intent: str | None = None
    """Such as `end_use` or `investment`."""
    nri_flag: bool | None = None
    """Whether the lead is a non-resident Indian."""


@dataclass(frozen=True)
class SiteVisit:
    """A site visit."""

    booked: bool = False
    date: str | None = None
    """Local date, `YYYY-MM-DD`; `jackfield.date.visit_start` reads it."""
    time_slot: str | None = None
    """Local time of day, `HH:MM`, 24 hours."""
    timezone: str | None = None
    """IANA name of the time zone of both, such as `Asia/Kolkata`."""


@dataclass(frozen=True)
class Disposition:
    """The structured outcome of one call."""

    call_id: str
    """The call's id at the calling platform. Unique per tenant forever."""
    lead_id: str
    """The lead's id in the CRM."""
    outcome: Outcome
    accepted_at: str
    """When the host accepted it: RFC 3339 in UTC with milliseconds. The same on every attempt."""
    other_outcome: str | None = None
    """The platform's own word if `outcome` is `OTHER`; then never empty."""
    duration_seconds: int | None = None
    recording_url: str | None = None
    transcript_url: str | None = None
    qualification: Qualification = Qualification()
    site_visit: SiteVisit | None = None
    dnc_requested: bool = False
    """The lead asked not to be called again. Always true when `outcome` is `DNC_REQUESTED`."""
    duplicate_detected: bool = False
    language_used: str | None = None
    extensions: list[Extension] = field(default_factory=list)


@dataclass(frozen=True)
class LeadStatus:
    """The CRM's answer to whether a lead may be called now."""

    lead_id: str
    callable: bool
    """Whether the CRM allows a call now. The host still answers no if `dnc` is true."""
    status: str
    """The lead's stage in the CRM's terms, lower case, such as `new`."""
    dnc: bool = False
    human_contacted: bool = False
    """Whether a person of the developer group has spoken to the lead."""
    last_call_attempt: str | None = None
    """RFC 3339 with an offset. Other spellings, such as `+0530`, are printed anew."""
    extensions: list[Extension] = field(default_factory=list)
    """Further fields for the agent."""

    def __post_init__(self) -> None:
        _normalize(self, "last_call_attempt")


@dataclass(frozen=True)
class Receipt:
    """Proof that the CRM holds a write."""

    reference: str = ""
    """The CRM's own reference of the record: at most 256 bytes, no personal data. Empty if the CRM has none."""


class Priority(Enum):
    """How urgently a lead is to be called."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True)
class Lead:
    """A lead in the contract's own format."""

    id: str
    """In the CRM. Not empty."""
    phone: str
    """E.164, such as `+919800000000`; `jackfield.phone.e164` asks the host for it."""
    phone_alt: str | None = None
    name: str | None = None
    source: str | None = None
    campaign_id: str | None = None
    project_interest: str | None = None
    project_id: str | None = None
    language_preference: str | None = None
    created_at: str | None = None
    """RFC 3339 with an offset. Other spellings, such as `+0530`, are printed anew."""
    call_priority: Priority = Priority.NORMAL
    extensions: list[Extension] = field(default_factory=list)

    def __post_init__(self) -> None:
        _normalize(self, "created_at")


@dataclass(frozen=True)
class Inbound:
    """A webhook as it arrived, after its signature was verified."""

    content_type: str = ""
    body: bytes = b""
    received_at: str = ""


def _normalize(record: LeadStatus | Lead, name: str) -> None:
    """Prints a time anew. A text that is not an instant stays as it is, and the host refuses it by name."""
    given = getattr(record, name)
    if isinstance(given, str):
        object.__setattr__(record, name, normalized(given) or given)

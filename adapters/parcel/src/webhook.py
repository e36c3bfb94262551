"""Parcel's own webhook: a `<p:LeadNotification>` with new leads."""

from __future__ import annotations

from jackfield import Extension, FieldError, Lead, Priority, Rejected
from jackfield.date import instant, rfc3339
from jackfield.phone import e164
from jackfield.xml import Element, XmlError, parse
from soap import PARCEL, XSI, p, text

LANGUAGES = {"HI": "hindi", "EN": "english", "PA": "punjabi", "MR": "marathi"}
PRIORITIES = {"1": Priority.HIGH, "3": Priority.LOW}

_KNOWN = {
    "LeadNumber",
    "Mobile",
    "AlternateMobile",
    "CustomerName",
    "Source",
    "Campaign",
    "Project",
    "Language",
    "CreatedOn",
    "Priority",
}


def leads(body: bytes) -> list[Lead]:
    """The leads in a notification; none for another event.

    Rejected, with every element that cannot be used, for a person to mend in review.
    """
    try:
        root = parse(body)
    except XmlError as error:
        raise _refusal([FieldError("", f"is not XML: {error}")]) from None
    if root.tag != p("LeadNotification"):
        raise _refusal([FieldError("", "is not a LeadNotification")])
    event = root.get("event")
    if event is None:
        raise _refusal([FieldError("@event", "is missing")])
    if event != "LeadCreated":
        return []
    problems: list[FieldError] = []
    found = [_lead(it, at, problems) for at, it in enumerate(root.findall(p("Lead")), start=1)]
    if problems:
        raise _refusal(problems)
    return [lead for lead in found if lead is not None]


def _lead(it: Element, number: int, problems: list[FieldError]) -> Lead | None:
    def problem(name: str, what: str) -> None:
        problems.append(FieldError(f"Lead[{number}]/{name}", what))

    lead_id, mobile = text(it, "LeadNumber"), e164(text(it, "Mobile") or "")
    created = text(it, "CreatedOn")
    created_at = instant(created) if created else None
    if lead_id is None:
        problem("LeadNumber", "is missing")
    if mobile is None:
        problem("Mobile", "is not a ten-digit Indian mobile number")
    if created and created_at is None:
        problem("CreatedOn", "is no xs:dateTime with an offset")
    if lead_id is None or mobile is None or (created and created_at is None):
        return None
    project = it.find(p("Project"))
    alternate = text(it, "AlternateMobile")
    second = e164(alternate) if alternate else None
    language = text(it, "Language")
    return Lead(
        id=lead_id,
        phone=mobile,
        phone_alt=second,
        name=text(it, "CustomerName"),
        source=text(it, "Source"),
        campaign_id=text(it, "Campaign"),
        project_interest=text(it, "Project"),
        project_id=project.get("code") if project is not None else None,
        language_preference=LANGUAGES.get(language, language.lower()) if language else None,
        created_at=rfc3339(created_at) if created_at else None,
        call_priority=PRIORITIES.get(text(it, "Priority") or "", Priority.NORMAL),
        extensions=_extensions(it, alternate if second is None else None),
    )


def _extensions(it: Element, unusable: str | None) -> list[Extension]:
    """The remaining elements, and a second number that is not a phone number: it is no reason to refuse the lead, and
    it is not dropped."""
    kept: dict[str, list[str]] = {}
    for child in it:
        name = child.tag.removeprefix(f"{{{PARCEL}}}")
        value = "".join(child.itertext()).strip()
        if name not in _KNOWN and value and child.get(f"{{{XSI}}}nil") not in ("true", "1"):
            kept.setdefault(name, []).append(value)
    if unusable is not None:
        kept["AlternateMobile"] = [unusable]
    return [Extension.of(name, values[0] if len(values) == 1 else values) for name, values in sorted(kept.items())]


def _refusal(fields: list[FieldError]) -> Rejected:
    return Rejected("bad-webhook", "parcel's notification does not tell of leads that can be called", fields)

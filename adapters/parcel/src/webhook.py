"""Parcel's own webhook: a `<p:LeadNotification>` with new leads."""

from __future__ import annotations

from jackfield import Extension, FieldError, Host, Inbound, Lead, Priority, Rejected, each_lead
from jackfield.date import normalized
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


def leads(host: Host, inbound: Inbound) -> list[Lead | Rejected]:
    """The leads in a notification; none for another event.

    A lead that cannot be used is rejected in its place, with every such element, for a person to mend in review.
    """
    try:
        root = parse(inbound.body, inbound.content_type)
    except XmlError as error:
        raise _refusal([FieldError("", f"is not XML: {error}")]) from None
    if root.tag != p("LeadNotification"):
        raise _refusal([FieldError("", "is not a LeadNotification")])
    event = root.get("event")
    if event is None:
        raise _refusal([FieldError("@event", "is missing")])
    if event != "LeadCreated":
        return []
    return each_lead(enumerate(root.findall(p("Lead")), start=1), lambda found: _lead(host, *found))


def _lead(host: Host, number: int, it: Element) -> Lead:
    lead_id, created = text(it, "LeadNumber"), text(it, "CreatedOn")
    mobile, problems = _number(host, it, "Mobile")
    second, _ = _number(host, it, "AlternateMobile")
    if lead_id is None:
        problems.insert(0, FieldError("LeadNumber", "is missing"))
    if created and normalized(created) is None:
        problems.append(FieldError("CreatedOn", "is no xs:dateTime with an offset"))
    if problems or lead_id is None or mobile is None:
        raise Rejected(
            "bad-lead",
            "a lead of parcel's notification cannot be called",
            [FieldError(f"Lead[{number}]/{problem.field}", problem.message) for problem in problems],
        )
    project = it.find(p("Project"))
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
        created_at=created,
        call_priority=PRIORITIES.get(text(it, "Priority") or "", Priority.NORMAL),
        extensions=_extensions(it, text(it, "AlternateMobile") if second is None else None),
    )


def _number(host: Host, it: Element, name: str) -> tuple[str | None, list[FieldError]]:
    """The number in an element in E.164, or what is wrong with it."""
    told = text(it, name)
    if told is None:
        return None, [FieldError(name, "is missing")]
    try:
        return e164(host, told, field=name), []
    except Rejected as rejected:
        return None, list(rejected.fields)


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
    return Rejected("bad-webhook", "parcel's notification cannot be read", fields)

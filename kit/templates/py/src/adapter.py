"""The adapter for {{name}}: how this CRM answers a status query and takes a disposition.

It starts as the adapter for a CRM that speaks JSON and stores one record per call. Change it into yours: this file
makes the requests, `mapping` converts their contents.
"""

from __future__ import annotations

import mapping
from jackfield import (
    Adapter,
    Conflict,
    Credential,
    Description,
    Disposition,
    Failure,
    FieldError,
    Host,
    LeadStatus,
    Receipt,
    Rejected,
    Response,
    export,
    url,
)
from jackfield.about import origin


class {{Pascal}}Adapter(Adapter):
    def describe(self) -> Description:
        return Description(
            name="{{name}}",
            version="1.0.0",
            origins=(origin("base_url", "Where the CRM lives, such as https://crm.example"),),
            credentials=(Credential("crm", "bearer", "The CRM's API token, which the host adds"),),
            # True only because this CRM guarantees it: a PUT with the same call id replaces the record.
            idempotent_writes=True,
        )

    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        answer = host.get(url(host.required("base_url"), "leads", lead_id)).accept(why)
        return mapping.lead_status(answer.json(mapping.Lead))

    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        place = url(host.required("base_url"), "leads", call.lead_id, "calls", idempotency_key)
        answer = host.put(place, json=mapping.note(host, call)).judge(moved).accept(why)
        return Receipt(answer.json(mapping.Saved).number)


def moved(answer: Response) -> Failure | None:
    """What this CRM means by an answer that other CRMs use differently: its 409 says that somebody else is saving the
    lead. The SDK judges the others by their status."""
    return Conflict("the CRM answered 409: the lead is being saved") if answer.status == 409 else None


def why(refusal: Response) -> Rejected | None:
    """The CRM's own reason, which a person sees in review."""
    problem = refusal.explain_as(mapping.Problem)
    if problem is None:
        return None
    return Rejected(problem.code, problem.message, [FieldError(name, text) for name, text in problem.fields.items()])


export({{Pascal}}Adapter())

"""The adapter for parcel, a SOAP 1.1 service: XML with namespaces in and out, and HTTP 500 for every refusal.

This file runs the operations; `mapping` fills them, `soap` wraps them and interprets faults, `stages` has the tenant's
names for stages, and `webhook` parses parcel's own webhook. Parcel stores one record per `CallReference` and answers a
repetition with the number of the first, so writes are idempotent.
"""

from __future__ import annotations

from collections.abc import Sequence

import mapping
import soap
import webhook
from jackfield import (
    Adapter,
    Credential,
    Description,
    Disposition,
    Host,
    Inbound,
    Lead,
    LeadStatus,
    ParseLeads,
    Receipt,
    Rejected,
    Setting,
    export,
    url,
)
from jackfield.about import origin
from jackfield.xml import Element
from stages import DEFAULT_CALLABLE, DEFAULT_STAGES, Stages


class Parcel(Adapter, ParseLeads):
    """The adapter for parcel."""

    def describe(self) -> Description:
        return Description(
            name="parcel",
            version="1.0.0",
            origins=(origin("base_url", "Where parcel lives, such as https://crm.example"),),
            settings=(
                Setting("stages", f"Words for the tenant's stage codes; without it, {DEFAULT_STAGES}"),
                Setting("callable_stages", f"Words of the stages open for calls; without it, {DEFAULT_CALLABLE}"),
            ),
            credentials=(Credential("crm", "basic", "Parcel's service user, which the host adds"),),
            idempotent_writes=True,
        )

    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        stages = Stages.of(host)
        answer = self._run(host, "GetLeadStatus", mapping.get_lead_status(lead_id))
        return answer.read(lambda found: mapping.lead_status(found, stages))

    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        answer = self._run(host, "RecordCallOutcome", mapping.record_call_outcome(host, call, idempotency_key))
        return answer.read(mapping.receipt)

    def parse_leads(self, host: Host, inbound: Inbound) -> Sequence[Lead | Rejected]:
        return webhook.leads(host, inbound)

    def _run(self, host: Host, operation: str, body: Element) -> soap.Answer:
        response = host.post(
            url(host.required("base_url"), "ParcelService.asmx"),
            body=soap.envelope(body),
            content_type="text/xml; charset=utf-8",
            headers={"SOAPAction": f'"{soap.PARCEL}/{operation}"'},
        )
        return soap.Answer(response, operation)


export(Parcel())

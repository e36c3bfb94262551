"""What the benchmarks of an invocation run, in Python; the guest in Rust says why."""

from __future__ import annotations

from jackfield import Adapter, Description, Disposition, Host, LeadStatus, Receipt, export


class Bench(Adapter):
    def describe(self) -> Description:
        return Description("bench-py", "1.0.0")

    def query_status(self, host: Host, lead_id: str) -> LeadStatus:
        if lead_id == "waits":
            host.get("http://waits.example/")
        return LeadStatus(lead_id, callable=True, status="new")

    def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt:
        urls = len(call.recording_url or "") + len(call.transcript_url or "")
        return Receipt(str(urls + sum(len(extension.json) for extension in call.extensions)))


export(Bench())

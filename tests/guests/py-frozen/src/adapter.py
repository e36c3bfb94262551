"""An adapter on line 0.1 of the contract, over the generated bindings: it must go on working, whatever the SDK becomes.

What it does is selected by the lead's id.
"""

from componentize_py_types import Err
from wit_world.exports import about
from wit_world.imports import http, log, model, settings


class About:
    def describe(self):
        base_url = about.Setting("base_url", about.SettingKind.URL, True, "Where the CRM lives")
        return about.Description("py-frozen", "1.0.0", [base_url], [], ["base_url"], True)


class Status:
    def query(self, lead_id):
        match lead_id:
            case "unavailable":
                raise Err(model.Failure_Unavailable())
            case "unknown":
                raise Err(model.Failure_Unknown())
            case "unauthorized":
                raise Err(model.Failure_Unauthorized())
            case "rate-limited":
                raise Err(model.Failure_RateLimited(7))
            case "rejected":
                raise Err(model.Failure_Rejected(model.Rejection("P-1", "no", [model.FieldError("stage", "bad")])))
            case "not-found":
                raise Err(model.Failure_NotFound())
        log.write(log.Level.INFO, "asked", [])
        answer = http.send(http.Request("GET", f"{settings.get('base_url')}/{lead_id}", [], b""))
        floor = model.Extension("/floor", answer.body.decode())
        return model.LeadStatus(lead_id, True, "new", False, False, "2026-07-01T14:31:00+05:30", [floor])


class Dispositions:
    def write(self, disposition, idempotency_key):
        outcome = disposition.outcome
        word = outcome.value if isinstance(outcome, model.Outcome_Other) else type(outcome).__name__
        return model.Receipt(f"{idempotency_key} {word} {disposition.qualification.budget_max}")


class Lookup:
    def find(self, lead_id, idempotency_key):
        return model.Receipt("found") if lead_id == "there" else None


class Leads:
    def parse(self, inbound):
        names = inbound.body.decode().split()
        if not names:
            raise Err(model.Failure_Rejected(model.Rejection("empty", "no lead", [])))
        return [
            model.Lead(name, "+919800000000", None, None, None, None, None, None, None, None, model.Priority.HIGH, [])
            for name in names
        ]

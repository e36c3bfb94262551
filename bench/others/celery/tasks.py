"""The write to the CRM as a Celery task, with late acknowledgement, retries, backoff and a keep-alive session."""

import os

import requests
from celery import Celery
from celery.signals import worker_ready
from requests.adapters import HTTPAdapter

RESULTS = {
    "qualified_visit_booked": "VISIT_BOOKED",
    "qualified_no_visit": "QUALIFIED",
    "callback_requested": "CALLBACK",
    "not_interested_budget": "LOST_BUDGET",
    "not_interested_location": "LOST_LOCATION",
    "not_interested_timeline": "LOST_TIMELINE",
    "already_purchased": "BOUGHT",
    "wrong_number": "WRONG_NUMBER",
    "dnc_requested": "DO_NOT_DISTURB",
    "no_answer": "NO_ANSWER",
    "invalid_number": "INVALID_NUMBER",
    "duplicate_suppressed": "DUPLICATE",
}
ATTEMPTS_AFTER_THE_FIRST = 4

app = Celery("tasks", broker=os.environ["REDIS_URL"])
app.conf.update(
    # A job leaves the queue when it is done, so that a crashed worker loses none.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Results are not needed; the CRM has them.
    task_ignore_result=True,
    # Jobs are short: with a prefetch of one, a worker would mostly wait for Redis.
    worker_prefetch_multiplier=4,
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
    worker_redirect_stdouts=False,
)

crm = os.environ.get("CRM_URL", "")
session = requests.Session()
session.trust_env = False
session.headers["authorization"] = f"Bearer {os.environ.get('CRM_TOKEN', '')}"
session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=64))


@app.task(
    bind=True,
    name="write",
    autoretry_for=(requests.RequestException,),
    retry_backoff=True,
    retry_jitter=True,
    max_retries=ATTEMPTS_AFTER_THE_FIRST,
)
def write(self, lead, report, accepted_at):
    call = report["call_metadata"]["call_id"]
    answer = session.put(
        f"{crm}/api/v1/leads/{lead}/calls/{call}",
        json=body(report, accepted_at),
        headers={"idempotency-key": call},
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()["id"]


def body(report, accepted_at):
    """The report in the CRM's format."""
    call, learned = report["call_metadata"], report["qualification"]
    visit, flags = report.get("site_visit") or {}, report.get("flags") or {}
    result = RESULTS.get(learned["outcome"])
    budget = None
    if learned.get("budget_min") is not None or learned.get("budget_max") is not None:
        budget = {"min": learned.get("budget_min"), "max": learned.get("budget_max"), "currency": "INR"}
    qualification = {
        "score": learned.get("ai_intent_score"),
        "budget": budget,
        "unit_type": learned.get("bhk_preference"),
        "possession": learned.get("possession_timeline"),
        "loan_required": learned.get("loan_required"),
        "purpose": learned.get("purchase_intent"),
        "nri": learned.get("nri_flag"),
    }
    known = any(value is not None for value in qualification.values())
    starts = None
    if visit.get("date") and visit.get("time_slot"):
        # One country, one offset.
        starts = {
            "starts_at": f"{visit['date']}T{visit['time_slot']}:00+05:30",
            "timezone": visit.get("timezone") or "Asia/Kolkata",
        }
    return {
        "result": result or "OTHER",
        "result_detail": None if result else learned["outcome"],
        "called_at": accepted_at,
        "duration_seconds": call.get("duration_seconds"),
        "recording_url": call.get("recording_url"),
        "transcript_url": call.get("transcript_url"),
        "do_not_disturb": bool(flags.get("dnc_requested")),
        "duplicate": bool(flags.get("duplicate_detected")),
        "language": flags.get("language_used"),
        "qualification": qualification if known else None,
        "visit": starts,
        "custom": {},
    }


@worker_ready.connect
def announce(**_):
    # The benchmark waits for this line. A worker listens on no port.
    print("listening 127.0.0.1:0", flush=True)

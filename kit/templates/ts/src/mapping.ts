/**
 * Converts between the contract's records and the CRM's JSON, and checks every value. It makes no request: the host
 * converts local times only.
 */

import {
  date,
  type Disposition,
  extensionRaw,
  Failure,
  type Host,
  type LeadStatus,
  type NamedOutcome,
  type Rejection,
  type Response,
} from "jackfield";

/** A lead in the CRM's answer. */
interface Lead {
  id: string;
  stage: string;
  do_not_call: boolean;
  last_call_at: string | null;
}

/** The lead, if the answer is one. Any other answer must not be mistaken for "may be called". */
export function leadOf(value: unknown): Lead | undefined {
  const { id, stage, do_not_call, last_call_at = null } = members<Lead>(value);
  const isTime = last_call_at === null || (typeof last_call_at === "string" && date.normalized(last_call_at) !== undefined);
  const known = typeof id === "string" && typeof stage === "string" && typeof do_not_call === "boolean" && isTime;
  return known ? { id, stage, do_not_call, last_call_at } : undefined;
}

export function statusOf(lead: Lead): LeadStatus {
  return {
    leadId: lead.id,
    callable: lead.stage === "open" && !lead.do_not_call,
    status: lead.stage,
    dnc: lead.do_not_call,
    lastCallAttempt: lead.last_call_at ?? undefined,
  };
}

/** The CRM's code for each outcome that the contract names. A new outcome does not compile until it has one. */
const RESULTS: Record<NamedOutcome, string> = {
  qualified_visit_booked: "visit",
  qualified_no_visit: "hot",
  callback_requested: "call_back",
  not_interested_budget: "lost_budget",
  not_interested_location: "lost_location",
  not_interested_timeline: "lost_time",
  already_purchased: "bought",
  wrong_number: "wrong_number",
  dnc_requested: "never_call",
  no_answer: "no_answer",
  invalid_number: "no_such_number",
  duplicate_suppressed: "duplicate",
};

/** A call in the CRM's format. Unknown values are omitted: a call can end at any point. */
export function note(host: Host, call: Disposition, key: string) {
  const { outcome, qualification, siteVisit } = call;
  const visit = date.visitStart(host, siteVisit);
  return {
    call: key,
    result: typeof outcome === "string" ? RESULTS[outcome] : "other",
    words: typeof outcome === "string" ? undefined : outcome.other,
    called_at: call.acceptedAt,
    seconds: call.durationSeconds,
    never_call_again: call.dncRequested,
    score: qualification.aiIntentScore,
    budget_up_to: qualification.budgetMax,
    visit: visit && { starts_at: visit.at, zone: visit.zone },
    more: call.extensions.length > 0 ? Object.fromEntries(call.extensions.map((it) => [it.pointer, extensionRaw(it)])) : undefined,
  };
}

/** The CRM's answer to a write, if it is one. */
export function savedOf(value: unknown): { number: string } | undefined {
  const { number } = members<{ number: string }>(value);
  return typeof number === "string" ? { number } : undefined;
}

/**
 * What this CRM means by an answer that other CRMs use differently: its 409 says that somebody else is saving the lead.
 * The SDK judges the others by their status.
 */
export function moved(answer: Response): Failure | undefined {
  return answer.status === 409 ? Failure.conflict("the CRM answered 409: the lead is being saved") : undefined;
}

/** The CRM's reason for a refusal: `{"error": {"code", "message", "fields": {"name": "what is wrong"}}}`. */
export function refusal(answer: Response): Rejection | undefined {
  let body: { error?: { code?: unknown; message?: unknown; fields?: Record<string, unknown> } };
  try {
    body = members(JSON.parse(answer.text()));
  } catch {
    return undefined; // not the CRM's own error: the status has to suffice
  }
  const { code, message, fields = {} } = members<NonNullable<typeof body.error>>(body.error);
  if (typeof code !== "string") return undefined;
  const named = Object.entries(members<Record<string, unknown>>(fields));
  return {
    code,
    message: String(message ?? ""),
    fields: named.map(([field, wrong]) => ({ field, message: String(wrong) })),
  };
}

/** The members of an untrusted object; none for any other value. */
function members<T extends object>(value: unknown): Partial<T> {
  return typeof value === "object" && value !== null ? value : {};
}

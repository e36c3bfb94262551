// The write to the CRM as a BullMQ worker, with retries, backoff and keep-alive connections.

import { Worker } from 'bullmq';
import { Pool } from 'undici';
import { NAME, connection } from './queue.js';

const RESULTS = {
  qualified_visit_booked: 'VISIT_BOOKED',
  qualified_no_visit: 'QUALIFIED',
  callback_requested: 'CALLBACK',
  not_interested_budget: 'LOST_BUDGET',
  not_interested_location: 'LOST_LOCATION',
  not_interested_timeline: 'LOST_TIMELINE',
  already_purchased: 'BOUGHT',
  wrong_number: 'WRONG_NUMBER',
  dnc_requested: 'DO_NOT_DISTURB',
  no_answer: 'NO_ANSWER',
  invalid_number: 'INVALID_NUMBER',
  duplicate_suppressed: 'DUPLICATE',
};

const concurrency = Number(process.env.CONCURRENCY);
const crm = new Pool(process.env.CRM_URL, { connections: concurrency, headersTimeout: 10_000, bodyTimeout: 10_000 });
const authorization = `Bearer ${process.env.CRM_TOKEN}`;

async function write({ lead, report, acceptedAt }) {
  const call = report.call_metadata.call_id;
  const answer = await crm.request({
    method: 'PUT',
    path: `/api/v1/leads/${encodeURIComponent(lead)}/calls/${encodeURIComponent(call)}`,
    headers: { authorization, 'content-type': 'application/json', 'idempotency-key': call },
    body: JSON.stringify(body(report, acceptedAt)),
  });
  const stored = await answer.body.json();
  if (answer.statusCode >= 300) throw new Error(`the CRM answered ${answer.statusCode}`);
  return stored.id;
}

// The report in the CRM's format.
function body({ call_metadata: call, qualification: learned, site_visit: visit, flags }, acceptedAt) {
  const orNull = (value) => value ?? null;
  const result = RESULTS[learned.outcome];
  const budgeted = learned.budget_min != null || learned.budget_max != null;
  const qualification = {
    score: orNull(learned.ai_intent_score),
    budget: budgeted
      ? { min: orNull(learned.budget_min), max: orNull(learned.budget_max), currency: 'INR' }
      : null,
    unit_type: orNull(learned.bhk_preference),
    possession: orNull(learned.possession_timeline),
    loan_required: orNull(learned.loan_required),
    purpose: orNull(learned.purchase_intent),
    nri: orNull(learned.nri_flag),
  };
  const known = Object.values(qualification).some((value) => value !== null);
  return {
    result: result ?? 'OTHER',
    result_detail: result ? null : learned.outcome,
    called_at: acceptedAt,
    duration_seconds: orNull(call.duration_seconds),
    recording_url: orNull(call.recording_url),
    transcript_url: orNull(call.transcript_url),
    do_not_disturb: flags?.dnc_requested ?? false,
    duplicate: flags?.duplicate_detected ?? false,
    language: orNull(flags?.language_used),
    qualification: known ? qualification : null,
    // One country, one offset.
    visit: visit?.date && visit?.time_slot
      ? { starts_at: `${visit.date}T${visit.time_slot}:00+05:30`, timezone: visit.timezone ?? 'Asia/Kolkata' }
      : null,
    custom: {},
  };
}

const worker = new Worker(NAME, (job) => write(job.data), { connection, concurrency });
worker.on('completed', (job) => process.stderr.write(`{"delivered":${JSON.stringify(job.id)}}\n`));
worker.on('failed', (job, error) => process.stderr.write(`{"failed":${JSON.stringify(job?.id)},"why":"${error}"}\n`));
worker.on('error', (error) => process.stderr.write(`${error}\n`));
await worker.waitUntilReady();
// The benchmark waits for this line. A worker listens on no port.
console.log('listening 127.0.0.1:0');

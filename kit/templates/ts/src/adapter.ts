/**
 * The adapter for {{name}}. This file makes the requests; `mapping.ts` converts their contents.
 *
 * The CRM is an example: leads and their calls as JSON, with a bearer token that the host adds. Change it into yours.
 */

import { adapter, describe, type Host, url } from "jackfield";
import { leadOf, moved, note, refusal, savedOf, statusOf } from "./mapping.ts";

export default adapter({
  about: describe("{{name}}", "1.0.0")
    .origin("base_url", "Where the CRM lives, such as https://crm.example")
    .credential("crm", "bearer", "The CRM's API token"),

  queryStatus(host, leadId) {
    const answer = host.get(url(baseUrl(host), "leads", leadId)).send();
    return statusOf(answer.acceptOr(refusal).json(leadOf));
  },

  writeDisposition(host, call, idempotencyKey) {
    const request = host.post(url(baseUrl(host), "leads", call.leadId, "calls"));
    const answer = request.header("idempotency-key", idempotencyKey).json(note(host, call, idempotencyKey)).send();
    const saved = answer.judge(moved).acceptOr(refusal).json(savedOf);
    return { reference: saved.number };
  },
});

function baseUrl(host: Host): string {
  return host.required("base_url");
}

/** A guest that fails in every way that JavaScript can, or uses the SDK, selected by the lead's id. */

import { adapter, describe, Failure, hex, type Host, type LeadStatus } from "jackfield";
import { converted } from "./conversions.ts";
import { stageOf } from "./stages.ts";

/** The queried lead. */
let asked = "";

/** What `queryStatus` does, by the lead's id. */
const ACTIONS: Record<string, (host: Host) => unknown> = {
  "throws-deep": () => stageOf({}),
  "throws-text": () => {
    throw "a text\nin two lines";
  },
  "throws-payload": () => {
    throw Object.assign(new RangeError("looks like a failure"), { payload: { tag: "unavailable" } });
  },
  "promises": async () => status(""),
  "answers-nothing": () => undefined,
  "answers-another-form": () => ({ ...status(""), status: 7 }),
  "never-ends": () => {
    for (;;);
  },
  "recurses": () => {
    const again = (): number => again() + 1;
    return again();
  },
  "takes-memory": () => {
    const taken: unknown[] = [];
    for (;;) taken.push(new Uint8Array(1 << 20).fill(1));
  },
  "fails": () => {
    throw Failure.rejected("E7", "यह नहीं", [{ field: "f", message: "m" }]);
  },
  "unavailable": () => {
    throw Failure.unavailable("down since noon");
  },
  "unknown": () => {
    throw Failure.unknown("status E503");
  },
  "unauthorized": () => {
    throw Failure.unauthorized("the token expired");
  },
  "conflict": () => {
    throw Failure.conflict("the revision moved");
  },
  "bare-conflict": () => {
    throw Failure.conflict();
  },
  "bad-reason": () => {
    throw Failure.unknown(503 as never);
  },
  "now": (host) => status(host.now().toISOString().slice(0, 2)),
  "random": () => status(String(Math.random() === Math.random())),
  "hmac": (host) => status(hex(host.hmacSha256("signing", "Jackfield")).slice(0, 8)),
  "no-key": (host) => status(hex(host.hmacSha256("other", "Jackfield"))),
  "logs": (host) => {
    host.log("info", "a line", { step: "one" });
    return status("logged");
  },
};

export default adapter({
  about: describe("ts-raises", "1.0.0").credential("signing", "hmac", "Any key"),
  queryStatus: (host, leadId) => {
    asked = leadId;
    const [what = "", text, zone] = leadId.split("|");
    if (text !== undefined && zone !== undefined) return status(converted(host, what, text, zone));
    return ACTIONS[leadId]?.(host) as LeadStatus;
  },
  writeDisposition: (_host, { qualification: { budgetMin, budgetMax } }) => ({ reference: `${budgetMin} ${budgetMax}` }),
  find: (_host, leadId) => (leadId === "absent" ? undefined : { reference: "found" }),
  parseLeads: (_host, inbound) => {
    const lead = { id: String(inbound.body.length), phone: "+919800000000", name: new Array(3).join("आ") };
    const createdAt = "2026-07-01t14:31:00+0530";
    return [{ ...lead, createdAt }, Failure.rejected("L-1", "no number", [{ field: "phone", message: "is missing" }])];
  },
});

function status(status: string): LeadStatus {
  return { leadId: asked, callable: false, status };
}

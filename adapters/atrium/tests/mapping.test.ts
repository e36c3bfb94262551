/** Edge cases of values; the fixtures show whole invocations. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure, OUTCOMES } from "jackfield";
import { disposition, hostDouble, replay } from "jackfield/testing";
import adapter from "../src/adapter.ts";
import { callInput, leadOf, statusOf } from "../src/mapping.ts";
import { purpose, unitType } from "../src/picklists.ts";

const host = hostDouble();

replay(adapter, "fixtures");

test("every outcome has a value of its own", () => {
  // Only OTHER has a note.
  const values = OUTCOMES.map((outcome) => callInput(host, disposition({ outcome }), "C"));
  assert.equal(new Set(values.map(({ outcome }) => outcome)).size, 12);
  assert(values.every(({ outcomeNote }) => outcomeNote === undefined));
  const other = callInput(host, disposition({ outcome: { other: "dispute" } }), "C");
  assert.deepEqual([other.outcome, other.outcomeNote], ["OTHER", "dispute"]);
});

test("unlisted values are noted", () => {
  // A flat's size is read however it is spelled, and noted if no picklist has it.
  for (const text of ["3BHK", "3 bhk", "3-BHK", " 3.Bhk"]) assert.deepEqual(unitType(text), { value: "THREE_BHK" }, text);
  for (const text of ["3.5 BHK", "duplex", "", "constructor", "तीन"]) {
    assert.deepEqual(unitType(text), { value: "OTHER", unlisted: text }, text);
  }
  assert.deepEqual(purpose("End-use"), { value: "SELF_USE" });
  assert.deepEqual(purpose("for my parents"), { value: "OTHER", unlisted: "for my parents" });
});

test("budgets are exact", () => {
  // At both ends of the contract's range, and with one end missing.
  const budget = (budgetMin?: bigint, budgetMax?: bigint) =>
    callInput(host, disposition({ qualification: { budgetMin, budgetMax } }), "C").budget;
  assert.deepEqual(budget(0n, 2n ** 63n - 1n), { min: "0.00", max: "9223372036854775807.00" });
  assert.deepEqual(budget(-(2n ** 63n)), { min: "-9223372036854775808.00", max: undefined });
  assert.equal(budget(), undefined);
});

test("a duration beyond 32 bits is noted", () => {
  const longest = callInput(host, disposition({ durationSeconds: 2 ** 31 - 1 }), "C");
  assert.deepEqual([longest.durationSeconds, longest.notes], [2 ** 31 - 1, undefined]);
  const longer = callInput(host, disposition({ durationSeconds: 2 ** 32 - 1 }), "C");
  assert.deepEqual(longer.notes, [{ label: "Duration in seconds", text: "4294967295" }]);
  assert.equal(longer.durationSeconds, undefined);
});

test("visits keep their zone", () => {
  // A visit that is not fixed is noted, one on no real date is refused.
  const visit = (siteVisit: object) => callInput(host, disposition({ siteVisit: { booked: true, ...siteVisit } }), "C");
  const leapDay = visit({ date: "2028-02-29", timeSlot: "00:00", timezone: "Asia/Dubai" });
  assert.deepEqual(leapDay.visit, { date: "2028-02-29", time: "00:00", zone: "Asia/Dubai" });
  const skipped = visit({ date: "2026-03-29", timeSlot: "02:30", timezone: "Europe/Berlin" });
  assert.deepEqual(skipped.visit, { date: "2026-03-29", time: "03:30", zone: "Europe/Berlin" });
  const open = visit({ date: "2026-12-31" });
  assert.deepEqual([open.visit, open.notes], [undefined, [{ label: "Visit date", text: "2026-12-31" }]]);
  for (const wrong of [{ date: "2026-02-29" }, { date: "2026-07-05", timezone: "IST" }]) {
    assert.throws(
      () => visit({ timeSlot: "11:00", ...wrong }),
      (thrown) => thrown instanceof Failure && thrown.reason.kind === "rejected",
    );
  }
});

test("a lead without consent data is unusable", () => {
  const lead = { id: "L", stage: "NEW", contactable: true, assignedTo: null, lastCall: null };
  assert.equal(leadOf({ lead: { ...lead, consent: null } }), undefined);
  assert.equal(leadOf({ lead: { ...lead, lastCall: { at: "yesterday" }, consent: { doNotContact: false } } }), undefined);
  const known = leadOf({ lead: { ...lead, consent: { doNotContact: true } } });
  assert.equal(known && statusOf(known).callable, false);
});

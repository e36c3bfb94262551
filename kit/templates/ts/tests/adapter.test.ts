/** Native tests: `jackfield adapter test`. The fixtures show whole invocations; here are the edges of values. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { OUTCOMES } from "jackfield";
import { disposition, hostDouble, replay } from "jackfield/testing";
import adapter from "../src/adapter.ts";
import { leadOf, note } from "../src/mapping.ts";

const host = hostDouble();

replay(adapter, "fixtures");

test("every outcome has a result", () => {
  for (const outcome of OUTCOMES) assert(note(host, disposition({ outcome }), "C-1").result, outcome);
  const other = note(host, disposition({ outcome: { other: "dispute" } }), "C-1");
  assert.deepEqual([other.result, other.words], ["other", "dispute"]);
});

test("an answer of another form is no lead", () => {
  const lead = { id: "L-1", stage: "open", do_not_call: false };
  assert.deepEqual(leadOf(lead), { ...lead, last_call_at: null });
  for (const other of [null, "open", { ...lead, stage: 7 }, { ...lead, do_not_call: "no" }, { ...lead, last_call_at: "soon" }]) {
    assert.equal(leadOf(other), undefined, JSON.stringify(other));
  }
});

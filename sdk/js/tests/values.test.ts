/** Edge cases of dates, rupees, phones, JSON and what crosses the boundary. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as date from "../src/date.ts";
import { describe } from "../src/describe.ts";
import { Failure } from "../src/failure.ts";
import { hex } from "../src/host.ts";
import { RawJson, toJson } from "../src/json.ts";
import { extension, extensionRaw, extensionValue } from "../src/model.ts";
import * as money from "../src/money.ts";
import * as phone from "../src/phone.ts";
import * as wire from "../src/wire.ts";

test("instants in Indian time", () => {
  const cases = [
    ["2026-07-01T09:01:55.000Z", "2026-07-01T14:31:55+05:30"],
    ["2026-07-01T18:29:59.999Z", "2026-07-01T23:59:59+05:30"],
    ["2026-07-01T18:30:00Z", "2026-07-02T00:00:00+05:30"],
    ["2026-12-31T18:30:00Z", "2027-01-01T00:00:00+05:30"],
    ["2028-02-28T18:30:00.000Z", "2028-02-29T00:00:00+05:30"],
    ["2026-07-01T14:31:55+05:30", "2026-07-01T14:31:55+05:30"],
  ] as const;
  for (const [instant, ist] of cases) assert.equal(date.rfc3339(date.inIst(instant)), ist);
  for (const text of ["", "2026-07-01", "2026-07-01 09:01:55Z", "2026-02-30T09:01:55Z", "2026-07-01T25:00:00Z", "2026-07-01T09:01:55"]) {
    assert.throws(() => date.inIst(text), Failure, text);
  }
});

test("start of a site visit", () => {
  const visit = { booked: true, date: "2026-07-05", timeSlot: "11:00" };
  assert.deepEqual(date.visitStart(visit), { date: "2026-07-05", time: "11:00", zone: "Asia/Kolkata" });
  assert.equal(date.visitStart({ ...visit, timezone: "Asia/Dubai" })?.zone, "Asia/Dubai");
  for (const unfixed of [undefined, { ...visit, booked: false }, { booked: true, date: "2026-07-05" }, { booked: true, timeSlot: "11:00" }]) {
    assert.equal(date.visitStart(unfixed), undefined);
  }
  for (const change of [{ date: "2026-02-29" }, { date: "2026-7-5" }, { timeSlot: "24:00" }, { timeSlot: "11" }]) {
    assert.throws(() => date.visitStart({ ...visit, ...change }), Failure);
  }
  assert.equal(date.isDate("2028-02-29"), true);
});

test("rupees are grouped, parsed and spoken", () => {
  const cases: [bigint, string][] = [
    [0n, "0"], [999n, "999"], [1_000n, "1,000"], [100_000n, "1,00,000"], [12_000_000n, "1,20,00,000"],
    [2n ** 63n - 1n, "92,23,37,20,36,85,47,75,807"], [-(2n ** 63n), "-92,23,37,20,36,85,47,75,808"],
  ];
  for (const [rupees, text] of cases) {
    assert.equal(money.grouped(rupees), text);
    assert.equal(money.parse(text), rupees);
  }
  assert.deepEqual([money.parse("85 lakh"), money.parse(""), money.decimal(-5n)], [undefined, undefined, "-5.00"]);
  const said = [99_999n, 100_000n, 8_550_000n, 12_050_000n, 10_000_000n, -12_999_999n, 100_000_000n].map(money.spoken);
  assert.deepEqual(said, ["99,999", "1 lakh", "85.5 lakh", "1.2 crore", "1 crore", "-1.29 crore", "10 crore"]);
});

test("phones in their usual spellings", () => {
  for (const text of ["9800000000", "09800000000", "919800000000", "+91 98000-00000", "(98000) 00000"]) {
    assert.equal(phone.e164(text), "+919800000000", text);
  }
  for (const text of ["1800 123 456", "5800000000", "+14155550100", "", "98000000001", "९८००००००००"]) {
    assert.equal(phone.e164(text), undefined, text);
  }
  assert.deepEqual([phone.tenDigits("+919800000000"), phone.tenDigits("+14155550100")], ["9800000000", undefined]);
});

test("JSON is exact for bigints", () => {
  const value = { a: [1, null, undefined, "आशा\n"], b: undefined, c: { d: true }, e: new Date(0), "f\"": 1.5, g: Number.NaN };
  assert.equal(toJson(value), JSON.stringify(value));
  assert.equal(toJson([2n ** 63n - 1n, { x: -1n }]), '[9223372036854775807,{"x":-1}]');
  assert.equal(toJson(undefined), "null");
});

test("extensions keep their values", () => {
  assert.deepEqual(extension("/floor", "ऊपर"), { pointer: "/floor", json: '"ऊपर"' });
  assert.deepEqual([extensionValue({ pointer: "/x", json: "[1]" }), extensionValue({ pointer: "/x", json: "{" })], [[1], "{"]);
  const raw = ["100000000000000000000001", "[1.10]", "{"].map((json) => extensionRaw({ pointer: "/x", json }));
  assert.equal(toJson({ raw }), '{"raw":[100000000000000000000001,[1.10],"{"]}');
  assert.throws(() => new RawJson("1,2"));
  assert.equal(hex(new Uint8Array([0, 10, 255])), "000aff");
});

test("descriptions are immutable", () => {
  const bare = describe("acme", "1.0.0");
  const whole = bare.origin("base_url", "Where").optional("note", "text", "What").credential("crm", "bearer", "Token").idempotentWrites();
  assert.deepEqual(wire.description(whole), {
    name: "acme",
    version: "1.0.0",
    settings: [
      { name: "base_url", kind: "url", required: true, doc: "Where" },
      { name: "note", kind: "text", required: false, doc: "What" },
    ],
    credentials: [{ name: "crm", kind: "bearer", doc: "Token" }],
    origins: ["base_url"],
    idempotentWrites: true,
  });
  assert.equal(bare.settings.length, 0);
});

test("a wrong result names its mistake", () => {
  const status = { leadId: "L", callable: true, status: "new" };
  assert.deepEqual(wire.leadStatus(status), {
    ...status, dnc: false, humanContacted: false, lastCallAttempt: undefined, extensions: [],
  });
  const mistake = (change: object) => {
    try {
      wire.named("queryStatus", () => wire.leadStatus({ ...status, ...change }));
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return undefined;
  };
  assert.equal(mistake({ leadId: 7 }), "queryStatus answered `leadId` that should be text and is of type number");
  assert.equal(mistake({ callable: null }), "queryStatus answered `callable` that should be true or false and is null");
  assert.throws(() => wire.receipt(undefined as never), /answered `receipt` that should be an object/);
  assert.deepEqual(wire.leads([{ id: "L", phone: "+919800000000" }])[0]?.callPriority, "normal");
});

test("outcomes are converted by name", () => {
  const said = { callId: "C", leadId: "L", acceptedAt: "", qualification: {}, dncRequested: false, duplicateDetected: false, extensions: [] };
  assert.equal(wire.disposition({ ...said, outcome: { tag: "no-answer" } }).outcome, "no_answer");
  assert.deepEqual(wire.disposition({ ...said, outcome: { tag: "other", val: "x" } }).outcome, { other: "x" });
});

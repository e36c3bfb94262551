/** Edge cases of dates, rupees, phones, JSON and what crosses the boundary. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { eachLead, inboundText } from "../src/adapter.ts";
import * as date from "../src/date.ts";
import { describe } from "../src/describe.ts";
import { Failure, type FieldError, type Rejection } from "../src/failure.ts";
import { hex } from "../src/host.ts";
import { parseExact, RawJson, toJson } from "../src/json.ts";
import { extension, extensionRaw, extensionValue, type Inbound, type Json } from "../src/model.ts";
import * as money from "../src/money.ts";
import * as phone from "../src/phone.ts";
import * as wire from "../src/wire.ts";
import { instant, local } from "../testing/dates.ts";
import { hostDouble, play } from "../testing/index.ts";

const host = hostDouble();

/** The rejection that is thrown. */
function rejection(run: () => unknown): Rejection {
  try {
    run();
  } catch (thrown) {
    assert(thrown instanceof Failure && thrown.reason.kind === "rejected", String(thrown));
    return thrown.reason.rejection;
  }
  return assert.fail("nothing was refused");
}

/** The fields that a rejection names. */
function refused(run: () => unknown): readonly FieldError[] {
  return rejection(run).fields ?? [];
}

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
});

test("instants are read and printed anew", () => {
  const cases = [
    ["2026-07-01T09:01:55Z", "2026-07-01T09:01:55+00:00"],
    ["2026-07-01t09:01:55.120z", "2026-07-01T09:01:55.12+00:00"],
    ["2026-07-01T14:31:55+0530", "2026-07-01T14:31:55+05:30"],
    ["2026-07-01 14:31+05", "2026-07-01T14:31:00+05:00"],
    ["2026-07-01 14:31:55.123456789 -0330", "2026-07-01T14:31:55.123456789-03:30"],
    ["2026-07-01T14:31:55-00:00", "2026-07-01T14:31:55+00:00"],
    ["2026-06-30T23:59:60Z", "2026-06-30T23:59:59+00:00"],
  ] as const;
  for (const [text, printed] of cases) {
    assert.equal(date.normalized(text), printed);
    assert.equal(date.instant(text).getTime(), new Date(printed).getTime());
    const status = { leadId: "L", callable: true, status: "new", lastCallAttempt: text };
    assert.equal(wire.leadStatus(status).lastCallAttempt, printed);
  }
  for (const text of [
    "", "2026-07-01", "2026-07-01T09:01:55", "2026-02-30T09:01:55Z", "2026-07-01T25:00:00Z", "2026-07-01T09:60:00Z",
    "2026-07-01T09:01:55+25:00", "2026-07-01T09:01:55 IST", "२०२६-07-01T09:01:55Z",
  ]) {
    assert.equal(date.normalized(text), undefined, text);
    assert.throws(() => date.inIst(text), Failure, text);
  }
});

test("the double converts local times as the host does", () => {
  interface Case {
    zone: string;
    local: string;
    instant: string;
  }
  const cases = JSON.parse(readFileSync("../dates.json", "utf8")) as { instants: Case[]; locals: Case[] } & Record<
    "unknown_zones" | "invalid_locals" | "invalid_instants",
    string[]
  >;
  for (const it of cases.instants) assert.deepEqual(instant(it.local, it.zone), { text: it.instant }, JSON.stringify(it));
  for (const it of cases.locals) assert.deepEqual(local(it.instant, it.zone), { text: it.local }, JSON.stringify(it));
  for (const zone of cases.unknown_zones) {
    assert.deepEqual(instant("2026-07-05T16:30", zone), { error: "unknown-zone" }, zone);
    assert.deepEqual(local("2026-07-05T16:30:00Z", zone), { error: "unknown-zone" }, zone);
  }
  for (const text of cases.invalid_locals) assert.deepEqual(instant(text, "Asia/Kolkata"), { error: "invalid-time" }, text);
  for (const text of cases.invalid_instants) assert.deepEqual(local(text, "UTC"), { error: "invalid-time" }, text);
});

test("local times of named zones", () => {
  assert.equal(date.fromLocal(host, "2026-07-05T16:30", "America/New_York"), "2026-07-05T16:30:00-04:00");
  const told = date.inZone(host, "2026-07-05T16:30:00-0400", "Asia/Kolkata");
  assert.equal(told, "2026-07-06T02:00:00+05:30");
  assert.equal(date.inZone(host, new Date("2026-07-05T20:30:00Z"), "Asia/Kolkata"), told);
  const fields = { year: 2026, month: 7, day: 6, hour: 2, minute: 0, second: 0 };
  assert.deepEqual(date.localTime(told), fields);
  assert.equal(date.fromLocal(host, fields, "Asia/Kolkata"), told);
  assert.equal(refused(() => date.fromLocal(host, fields, "IST", "crm_zone"))[0]?.field, "crm_zone");
  assert.equal(refused(() => date.inZone(host, "yesterday", "UTC"))[0]?.field, "time");
});

test("rejections have the shared wording", () => {
  interface Case {
    asked: "phone" | "instant" | "local";
    text: string;
    zone?: string;
    country?: null;
    code: string;
    message: string;
    field: string;
    detail: string;
  }
  const { cases } = JSON.parse(readFileSync("../rejections.json", "utf8")) as { cases: Case[] };
  for (const { asked, text, zone = "", country, code, message, field, detail } of cases) {
    const host = hostDouble({ country: country === null ? undefined : "IN" });
    const ask = {
      phone: () => phone.e164(host, text),
      instant: () => date.fromLocal(host, text, zone),
      local: () => date.inZone(host, text, zone),
    };
    assert.deepEqual(rejection(ask[asked]), { code, message, fields: [{ field, message: detail }] }, text);
  }
});

test("start of a site visit", () => {
  const visit = { booked: true, date: "2026-07-05", timeSlot: "11:00" };
  const start = { at: "2026-07-05T11:00:00+05:30", date: "2026-07-05", time: "11:00", zone: "Asia/Kolkata" };
  assert.deepEqual(date.visitStart(host, visit), start);
  assert.equal(date.visitStart(host, { ...visit, timezone: "Asia/Dubai" })?.at, "2026-07-05T11:00:00+04:00");
  const skipped = { ...visit, date: "2026-03-29", timeSlot: "02:30", timezone: "Europe/Berlin" };
  assert.deepEqual(date.visitStart(host, skipped), {
    at: "2026-03-29T03:30:00+02:00", date: "2026-03-29", time: "03:30", zone: "Europe/Berlin",
  });
  for (const unfixed of [undefined, { ...visit, booked: false }, { booked: true, date: "2026-07-05" }, { booked: true, timeSlot: "11:00" }]) {
    assert.equal(date.visitStart(host, unfixed), undefined);
  }
  for (const [change, field] of [
    [{ date: "2026-02-29" }, "site_visit.date"], [{ date: "2026-7-5" }, "site_visit.date"],
    [{ timeSlot: "24:00" }, "site_visit.time_slot"], [{ timeSlot: "11" }, "site_visit.time_slot"],
    [{ timezone: "IST" }, "site_visit.timezone"],
  ] as const) {
    assert.equal(refused(() => date.visitStart(host, { ...visit, ...change }))[0]?.field, field);
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

test("the double reads phones in their usual spellings", () => {
  for (const text of ["9800000000", "09800000000", "919800000000", "+91 98000-00000", "(98000) 00000", "00919800000000"]) {
    assert.equal(phone.e164(host, text), "+919800000000", text);
  }
  assert.equal(phone.e164(hostDouble({ country: undefined }), "+1 (415) 555-0100"), "+14155550100");
  for (const [text, country, words] of [
    ["", "IN", /^is not a telephone number$/],
    ["98000OOOOO", "IN", /^is not a telephone number$/],
    ["9800000000", undefined, /^has no country code, and the tenant's file has no `country`$/],
    ["5800000000", "IN", /numbering plan/],
    ["+9198000000001", "IN", /numbering plan/],
  ] as const) {
    const [wrong] = refused(() => phone.e164(hostDouble({ country }), text, "Mobile"));
    assert.equal(wrong?.field, "Mobile");
    assert.match(wrong?.message ?? "", words);
  }
  assert.throws(() => phone.e164(hostDouble({ country: "FR" }), "01 23 45 67 89"), /numbering plan of India only, not of FR/);
  assert.deepEqual([phone.tenDigits("+919800000000"), phone.tenDigits("+14155550100")], ["9800000000", undefined]);
});

test("JSON is exact for bigints", () => {
  const value = { a: [1, null, undefined, "आशा\n"], b: undefined, c: { d: true }, e: new Date(0), "f\"": 1.5, g: Number.NaN };
  assert.equal(toJson(value), JSON.stringify(value));
  assert.equal(toJson([2n ** 63n - 1n, { x: -1n }]), '[9223372036854775807,{"x":-1}]');
  assert.equal(toJson(undefined), "null");
});

test("numbers keep the digits that were sent", () => {
  const text = '{"rate":1.10,"limit":1e2,"ref":100000000000000000000001,"n\\"1":["s2","n3 : 4",-0,null,true],"__proto__":5}';
  assert.equal(toJson(parseExact(text)), text);
  assert.deepEqual(extension("/all", parseExact(` ${text} `)), { pointer: "/all", json: text });
  assert.throws(() => parseExact("{"), SyntaxError);
  assert.throws(() => parseExact("01"), SyntaxError);
});

test("a bad lead is refused alone", () => {
  const adapter = {
    about: describe("acme", "1.0.0"),
    queryStatus: () => assert.fail(),
    writeDisposition: () => assert.fail(),
    parseLeads: (_: unknown, inbound: Inbound) =>
      eachLead(inboundText(inbound).split(","), (number, place) => ({
        id: String(place), phone: phone.e164(host, number, `${place}`), createdAt: "2026-07-01t14:31:00+0530",
      })),
  };
  const fields = [{ field: "1", message: "is not a telephone number" }];
  const rejected = { code: "bad-phone", message: "a telephone number cannot be used", fields };
  const ok: Json[] = [{ id: "0", phone: "+919800000000", created_at: "2026-07-01T14:31:00+05:30" }, { rejected }];
  const fixture = { about: "", country: "IN", call: { parse_leads: { body: "98000 00000,none" } } };
  play(adapter, { ...fixture, returns: { ok } });
  assert.throws(() => play(adapter, { ...fixture, returns: { ok: ok.slice(0, 1) } }));
  const parsed = wire.leads([{ id: "0", phone: "+919800000000" }, Failure.rejected("E1", "no")]);
  assert.deepEqual(parsed.map(({ tag }) => tag), ["ok", "err"]);
  const broken = { contentType: "", body: Uint8Array.of(0xe9), receivedAt: "" };
  assert.deepEqual(refused(() => inboundText(broken)), [{ field: "", message: "is not UTF-8" }]);
  assert.throws(() => wire.leads([Failure.unknown()]), /only a rejection refuses it/);
  assert.throws(() => eachLead([0], () => { throw Failure.unknown(); }), Failure);
});

test("replayed failures are compared with their reasons", () => {
  const fails = (failure: Failure) => ({
    about: describe("acme", "1.0.0"),
    queryStatus: () => { throw failure; },
    writeDisposition: () => assert.fail(),
  });
  const expects = (err: object | string) => ({ about: "", call: { query_status: { lead_id: "L" } }, returns: { err: err as "unknown" } });
  play(fails(Failure.conflict("moved")), expects("conflict"));
  play(fails(Failure.conflict("moved")), expects({ conflict: "moved" }));
  play(fails(Failure.conflict()), expects("conflict"));
  assert.throws(() => play(fails(Failure.conflict("moved")), expects({ conflict: "else" })));
  assert.throws(() => play(fails(Failure.conflict("moved")), expects("unknown")));
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
  const [lead] = wire.leads([{ id: "L", phone: "+919800000000" }]);
  assert.equal(lead?.tag === "ok" && lead.val.callPriority, "normal");
  assert.throws(() => wire.failure(Failure.unknown(7 as never)), /the reason of the failure unknown should be text/);
});

test("outcomes are converted by name", () => {
  const said = { callId: "C", leadId: "L", acceptedAt: "", qualification: {}, dncRequested: false, duplicateDetected: false, extensions: [] };
  assert.equal(wire.disposition({ ...said, outcome: { tag: "no-answer" } }).outcome, "no_answer");
  assert.deepEqual(wire.disposition({ ...said, outcome: { tag: "other", val: "x" } }).outcome, { other: "x" });
});

/**
 * Native tests of adapters: replays recorded invocations in Node.js, with a script in place of the host.
 *
 * ```ts
 * import { replay } from "jackfield/testing";
 * import adapter from "../src/adapter.ts";
 * replay(adapter, "fixtures");
 * ```
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { Adapter } from "../src/adapter.ts";
import { Failure } from "../src/failure.ts";
import { Host, type Imports } from "../src/host.ts";
import { formEncoded, type Sent, type WireRequest } from "../src/http.ts";
import { normalized } from "../src/instants.ts";
import type { Disposition, Json } from "../src/model.ts";
import { fromUtf8, utf8 } from "../src/utf8.ts";
import { instant, local } from "./dates.ts";
import { camel, type Exchange, type FailureJson, type Fixture, snake } from "./fixture.ts";
import { normalize } from "./phones.ts";

/** A disposition with only the required members, and the given changes. */
export function disposition(change: Partial<Disposition> = {}): Disposition {
  return {
    callId: "C-1",
    leadId: "L-1",
    outcome: "no_answer",
    acceptedAt: "2026-07-01T09:01:55.000Z",
    qualification: {},
    dncRequested: change.outcome === "dnc_requested",
    duplicateDetected: false,
    extensions: [],
    ...change,
  };
}

/**
 * A host for a test of a function that converts times or numbers, or reads settings, but makes no request. Telephone
 * numbers without a country code are Indian, unless `country` says otherwise; see `phones.ts` for what it knows.
 */
export function hostDouble(given: Pick<Fixture, "settings" | "country" | "keys" | "now"> = {}): Host {
  return new Host(new Script({ country: "IN", ...given }));
}

/** Creates a test for every `.json` file of the folder, a path relative to where the tests run. */
export function replay(adapter: Adapter, folder: string): void {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json")).sort();
  assert.notEqual(files.length, 0, `${folder}: no .json files to replay`);
  for (const file of files) {
    const fixture = JSON.parse(readFileSync(join(folder, file), "utf8")) as Fixture;
    test(`${file}: ${fixture.about}`, () => play(adapter, fixture));
  }
}

/** Replays one invocation. Throws if the requests or the result differ from the recorded ones. */
export function play(adapter: Adapter, fixture: Fixture): void {
  const script = new Script(fixture);
  let returned: unknown;
  try {
    returned = { ok: bare(printed(invoke(adapter, new Host(script), fixture))) };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    returned = { err: failureJson(thrown) };
  }
  script.finish();
  const expected = "ok" in fixture.returns ? { ok: bare(fixture.returns.ok) } : fixture.returns;
  assert.deepEqual(withoutReason(returned, expected), expected);
}

/** What was returned, without a reason that the fixture does not give. */
function withoutReason(returned: unknown, expected: object): unknown {
  const { err } = returned as { err?: FailureJson };
  const same = "err" in expected && typeof expected.err === "string" && typeof err === "object" && expected.err in err;
  return same ? expected : returned;
}

function invoke(adapter: Adapter, host: Host, { call }: Fixture): unknown {
  if ("query_status" in call) return adapter.queryStatus(host, call.query_status.lead_id);
  if ("write_disposition" in call) {
    const { disposition: recorded, idempotency_key } = call.write_disposition;
    const disposition = dispositionOf(recorded);
    return adapter.writeDisposition(host, disposition, idempotency_key ?? disposition.callId);
  }
  if ("find" in call) {
    assert(adapter.find, "the adapter has no `find`");
    return adapter.find(host, call.find.lead_id, call.find.idempotency_key) ?? null;
  }
  assert(adapter.parseLeads, "the adapter has no `parseLeads`");
  const { content_type = "", body, received_at = "" } = call.parse_leads;
  return adapter.parseLeads(host, { contentType: content_type, body: utf8(body), receivedAt: received_at });
}

function dispositionOf(recorded: { [name: string]: Json }): Disposition {
  const converted = disposition(camel(recorded) as Partial<Disposition>);
  const { budgetMin, budgetMax } = converted.qualification;
  if (budgetMin !== undefined) converted.qualification.budgetMin = BigInt(budgetMin);
  if (budgetMax !== undefined) converted.qualification.budgetMax = BigInt(budgetMax);
  return converted;
}

/** A record without members that are unset or have their default value. */
function bare(value: unknown): unknown {
  if (value instanceof Failure) return failureJson(value);
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(snake(value) as object).filter(([name, member]) => {
    const isDefault = member === false || (name === "extensions" && member.length === 0);
    return !isDefault && !(name === "call_priority" && member === "normal");
  });
  return Object.fromEntries(members);
}

/** What the adapter returned, with times printed anew, as the host gets it. */
function printed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(printed);
  if (typeof value !== "object" || value === null || value instanceof Failure) return value;
  const isTime = (name: string) => name === "lastCallAttempt" || name === "createdAt";
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isTime(name) && typeof member === "string" ? (normalized(member) ?? member) : member,
    ]),
  );
}

function failureJson({ reason }: Failure): FailureJson {
  switch (reason.kind) {
    case "rate-limited":
      return { rate_limited: reason.seconds ?? null };
    case "rejected":
      return { rejected: { ...reason.rejection, fields: reason.rejection.fields ?? [] } };
    case "not-found":
      return "not_found";
    default:
      return reason.why === undefined ? reason.kind : ({ [reason.kind]: reason.why } as FailureJson);
  }
}

/** The host of one invocation: requests must be the recorded ones. */
class Script implements Imports {
  readonly #fixture: Partial<Fixture>;
  readonly #left: Exchange[];

  constructor(fixture: Partial<Fixture>) {
    this.#fixture = fixture;
    this.#left = [...(fixture.exchanges ?? [])];
  }

  send(sent: WireRequest): Sent {
    const exchange = this.#left.shift();
    assert(exchange, `an unexpected request: ${sent.method} ${sent.url}`);
    const { request, answer, fails } = exchange;
    assert.equal(`${sent.method} ${sent.url}`, `${request.method} ${request.url}`);
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      const got = sent.headers.find((header) => header.name.toLowerCase() === name.toLowerCase());
      assert.equal(got?.value, value, `the header ${name}`);
    }
    const body = fromUtf8(sent.body) ?? "";
    if (request.json !== undefined) assert.deepEqual(JSON.parse(body), request.json);
    else if (request.form) assert.deepEqual(body.split("&").sort(), formEncoded(request.form).split("&").sort());
    else assert.equal(body, request.text ?? "");
    if (fails) {
      const [[tag, val] = ["no_answer", ""]] = Object.entries(fails) as [string, string][];
      return { error: { tag: tag.replaceAll("_", "-") as "denied", val } };
    }
    assert(answer, "an exchange needs `answer` or `fails`");
    const denied = sent.headers.find(({ value }) => !/^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(value));
    if (denied) {
      const val = `header \`${denied.name}\` holds something other than visible ASCII and spaces between them; encode it`;
      return { error: { tag: "denied", val } };
    }
    const text = answer.json === undefined ? (answer.text ?? "") : JSON.stringify(answer.json);
    const headers = Object.entries(answer.headers ?? {}).map(([name, value]) => ({ name, value }));
    return { answer: { status: answer.status, headers, body: utf8(text) } };
  }

  finish(): void {
    assert.deepEqual(this.#left, [], "requests that were expected and not sent");
  }

  setting(name: string): string | undefined {
    return this.#fixture.settings?.[name];
  }

  hmacSha256(name: string, bytes: Uint8Array): Uint8Array | undefined {
    const key = this.#fixture.keys?.[name];
    return key === undefined ? undefined : new Uint8Array(createHmac("sha256", key).update(bytes).digest());
  }

  log(): void {}

  instant(time: string, zone: string) {
    return instant(time, zone);
  }

  local(time: string, zone: string) {
    return local(time, zone);
  }

  normalize(number: string) {
    return normalize(number, this.#fixture.country);
  }

  now(): Date {
    return this.#fixture.now === undefined ? new Date() : new Date(this.#fixture.now);
  }
}

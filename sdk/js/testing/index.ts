/**
 * Native tests of adapters: recorded calls are replayed in Node.js, with a script in the place of the host.
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
import type { Disposition, Json } from "../src/model.ts";
import { fromUtf8, utf8 } from "../src/utf8.ts";
import { camel, type Exchange, type FailureJson, type Fixture, snake } from "./fixture.ts";

/** A disposition of which only what is required is known, with changes. */
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

/** Makes a test of every `.json` file of the folder, from the folder that the tests run in. */
export function replay(adapter: Adapter, folder: string): void {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json")).sort();
  assert.notEqual(files.length, 0, `${folder}: no .json files to replay`);
  for (const file of files) {
    const fixture = JSON.parse(readFileSync(join(folder, file), "utf8")) as Fixture;
    test(`${file}: ${fixture.about}`, () => play(adapter, fixture));
  }
}

/** Replays one call. Throws if the requests are not the recorded ones, or something else comes out. */
export function play(adapter: Adapter, fixture: Fixture): void {
  const script = new Script(fixture);
  let returned: unknown;
  try {
    returned = { ok: bare(call(adapter, new Host(script), fixture)) };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    returned = { err: failureJson(thrown) };
  }
  script.finish();
  const expected = "ok" in fixture.returns ? { ok: bare(fixture.returns.ok) } : fixture.returns;
  assert.deepEqual(returned, expected);
}

function call(adapter: Adapter, host: Host, { call }: Fixture): unknown {
  if ("query_status" in call) return adapter.queryStatus(host, call.query_status.lead_id);
  if ("write_disposition" in call) {
    const { disposition: recorded, idempotency_key } = call.write_disposition;
    const said = dispositionOf(recorded);
    return adapter.writeDisposition(host, said, idempotency_key ?? said.callId);
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
  const said = disposition(camel(recorded) as Partial<Disposition>);
  const { budgetMin, budgetMax } = said.qualification;
  if (budgetMin !== undefined) said.qualification.budgetMin = BigInt(budgetMin);
  if (budgetMax !== undefined) said.qualification.budgetMax = BigInt(budgetMax);
  return said;
}

/** A record as a fixture may say it: without what is not known, and without what is as if it were not said. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  const said = Object.entries(snake(value) as object).filter(([name, member]) => {
    const unsaid = member === false || (name === "extensions" && member.length === 0);
    return !unsaid && !(name === "call_priority" && member === "normal");
  });
  return Object.fromEntries(said);
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
      return reason.kind;
  }
}

/** The host of one call: what it is asked has to be what was recorded. */
class Script implements Imports {
  readonly #fixture: Fixture;
  readonly #left: Exchange[];

  constructor(fixture: Fixture) {
    this.#fixture = fixture;
    this.#left = [...(fixture.exchanges ?? [])];
  }

  send(sent: WireRequest): Sent {
    const exchange = this.#left.shift();
    assert(exchange, `a request that was not expected: ${sent.method} ${sent.url}`);
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

  now(): Date {
    return this.#fixture.now === undefined ? new Date() : new Date(this.#fixture.now);
  }
}

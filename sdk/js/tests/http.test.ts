/** Each answer means the failure that the table in `http.ts` says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure } from "../src/failure.ts";
import { hex, Host, joined, type Level } from "../src/host.ts";
import { formEncoded, type Response, type Sent, type TransportError, url, type WireRequest } from "../src/http.ts";
import { fromUtf8, utf8 } from "../src/utf8.ts";

/** A host that always gives the same answer, and records requests and log lines. */
function answering(sent: Sent) {
  const requests: WireRequest[] = [];
  const logged: [Level, string, Record<string, string>][] = [];
  const settings: Record<string, string> = { limit: "12", odd: "12.5", flag: "true", wrong: "yes" };
  const host = new Host({
    send: (request) => (requests.push(request), sent),
    setting: (name) => settings[name],
    hmacSha256: () => undefined,
    log: (...line) => void logged.push(line),
    now: () => new Date(0),
    instant: () => ({ error: "unknown-zone" }),
    local: () => ({ error: "unknown-zone" }),
    normalize: () => ({ error: "not-a-number" }),
  });
  return { host, requests, logged };
}

function answer(status: number, headers: Record<string, string> = {}, body: string | Uint8Array = ""): Sent {
  const bytes = typeof body === "string" ? utf8(body) : body;
  return { answer: { status, headers: Object.entries(headers).map(([name, value]) => ({ name, value })), body: bytes } };
}

function reason(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    assert(thrown instanceof Failure, String(thrown));
    return thrown.reason;
  }
  return undefined;
}

const accepted = (sent: Sent) => reason(() => answering(sent).host.get("https://crm.example/").send().accept());

test("signers see what is sent", () => {
  for (const [place, path, query] of [
    ["https://a/x%2Fy?q=1", "/x%2Fy", "q=1&r=a+b"],
    ["https://a", "/", "r=a+b"],
    ["https://a?q=/", "/", "q=/&r=a+b"],
    ["http://a:80/x//y", "/x//y", "r=a+b"],
  ] as const) {
    const { host, requests } = answering(answer(200));
    const request = host.post(place).sign((it) => {
      assert.deepEqual([it.method, it.path, it.query, fromUtf8(it.body)], ["POST", path, query, "k=1"]);
      return { "x-signature": hex(joined(it.path, Uint8Array.of(255))).slice(-4) };
    });
    request.query({ r: "a b" }).form({ k: "1" }).send();
    const signature = { name: "x-signature", value: hex(joined(path.slice(-1), Uint8Array.of(255))) };
    assert.deepEqual(requests[0]?.headers.at(-1), signature);
  }
});

test("each status has its failure", () => {
  for (const status of [200, 201, 204, 299]) assert.equal(accepted(answer(status)), undefined);
  const cases: [number, string][] = [
    [100, "unknown"], [301, "unknown"], [302, "unknown"], [304, "unknown"], [401, "unauthorized"], [403, "unauthorized"],
    [408, "unknown"], [412, "conflict"], [500, "unknown"], [502, "unknown"], [503, "unavailable"], [504, "unknown"],
  ];
  for (const [status, kind] of cases) {
    assert.deepEqual(accepted(answer(status)), { kind, why: `the CRM answered ${status}` }, String(status));
  }
  assert.deepEqual(accepted(answer(404)), { kind: "not-found" });
  for (const status of [400, 402, 405, 409, 410, 422, 451, 499]) {
    const message = "the CRM refused the request and did not say why";
    assert.deepEqual(accepted(answer(status)), { kind: "rejected", rejection: { code: `http-${status}`, message, fields: [] } });
  }
});

test("Retry-After is read as seconds", () => {
  const cases: [string | undefined, number | undefined][] = [
    ["30", 30], [" 0 ", 0], ["4294967295", 4294967295], ["4294967296", undefined], ["-1", undefined], ["1.5", undefined],
    ["Wed, 01 Jul 2026 09:00:00 GMT", undefined], ["", undefined], [undefined, undefined],
  ];
  for (const [value, seconds] of cases) {
    const sent = answer(429, value === undefined ? {} : { "Retry-After": value });
    assert.deepEqual(accepted(sent), { kind: "rate-limited", seconds }, value);
  }
});

test("only an unsent request is unavailable", () => {
  const cases: [TransportError["tag"], string][] = [
    ["denied", "unavailable"], ["unreachable", "unavailable"], ["no-answer", "unknown"], ["too-large", "unknown"],
  ];
  for (const [tag, kind] of cases) {
    const { host, logged } = answering({ error: { tag, val: "why" } });
    assert.deepEqual(reason(() => host.get("https://crm.example/").send()), { kind, why: `${tag}: why` });
    assert.deepEqual(logged, [["warn", "no answer from the CRM", { what: tag, reason: "why" }]]);
  }
});

test("the adapter explains refusals only", () => {
  const explain = (answer: Response) => ({ code: "E1", message: answer.text(), fields: [{ field: "f", message: "m" }] });
  const refused = (status: number) =>
    reason(() => answering(answer(status, {}, "why")).host.get("https://crm.example/").send().acceptOr(explain));
  const rejection = { code: "E1", message: "why", fields: [{ field: "f", message: "m" }] };
  assert.deepEqual(refused(422), { kind: "rejected", rejection });
  assert.deepEqual(refused(500), { kind: "unknown", why: "the CRM answered 500" });
});

test("the adapter judges every answer first", () => {
  const judge = (answer: Response) => (answer.text() === "E409" ? Failure.conflict("error E409") : undefined);
  for (const status of [200, 401, 403, 404, 409, 429, 500, 503]) {
    const judged = (body: string) =>
      reason(() => answering(answer(status, {}, body)).host.get("https://crm.example/").send().judge(judge).accept());
    assert.deepEqual(judged("E409"), { kind: "conflict", why: "error E409" }, String(status));
    assert.deepEqual(judged(""), accepted(answer(status)));
  }
});

test("text is decoded", () => {
  const text = (body: Uint8Array, type = "") =>
    answering(answer(200, { "Content-Type": type }, body)).host.get("https://crm.example/").send().text();
  const utf16 = (text: string) => Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]));
  const bytes = (...parts: (number | Uint8Array)[]) => Uint8Array.from(parts.flatMap((it) => (typeof it === "number" ? it : [...it])));
  const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  assert.equal(text(bytes(0xef, 0xbb, 0xbf, utf8("₹"))), "₹");
  // What is UTF-8 is UTF-8, whatever it says.
  assert.equal(text(utf8("é"), "text/plain; charset=windows-1252"), "é");
  assert.equal(text(latin("\x80 \xe9"), 'text/plain; charset="ISO-8859-1"'), "€ é");
  assert.equal(text(latin('<?xml version="1.0" encoding="windows-1252"?><a>\xe9</a>')).slice(-9), "<a>é</a>".padStart(9, ">"));
  assert.equal(text(bytes(0xff, 0xfe, utf16("आशा"))), "आशा");
  assert.equal(text(utf16("<a>आ"), ""), "<a>आ");
  assert.equal(text(utf16("आशा"), "text/plain; charset=UTF-16LE"), "आशा");
  for (const [body, type, why] of [
    [latin("\xe9"), "", "not UTF-8"],
    [latin("\xe9"), "text/plain; charset=klingon", "in a charset that is not known here: klingon"],
    [bytes(0xff, 0xfe, 0x00, 0xd8), "", "not UTF-16"],
  ] as const) {
    const unknown = reason(() => text(body, type)) as { why: string };
    assert.equal(unknown.why, `the CRM's answer with status 200 cannot be read: ${why}`);
  }
});

test("an unreadable answer is unknown and not logged", () => {
  for (const body of ["", "{", "<html>", new Uint8Array([0xff, 0xff])]) {
    const { host, logged } = answering(answer(200, {}, body));
    const unknown = reason(() => host.get("https://crm.example/").send().accept().json()) as { kind: string; why: string };
    assert.equal(unknown.kind, "unknown");
    assert.match(unknown.why, /^the CRM's answer with status 200 cannot be read: not (JSON|UTF-8|UTF-16)$/);
    assert.equal(logged.length, 1);
  }
  const { host, logged } = answering(answer(200, {}, '{"name": "Asha"}'));
  const read = (value: unknown) => (value as { id?: string }).id;
  const unknown = reason(() => host.get("https://crm.example/").send().json(read));
  const why = "the CRM's answer with status 200 cannot be read: JSON of another form";
  assert.deepEqual(unknown, { kind: "unknown", why });
  assert(!JSON.stringify(logged).includes("Asha"));
});

test("requests are built as specified", () => {
  const { host, requests } = answering(answer(200));
  host.put("https://crm.example/a").query({ q: "a b&ख" }).query([["q", "~*'"]]).json({ rupees: 2n ** 63n - 1n, none: undefined }).send();
  host.post("https://crm.example/").header("X-Key", "1").form({ नाम: "आशा +1" }).send();
  host.patch("https://crm.example/").bytes("text/plain", "ok").send();
  const [put, post, patch] = requests;
  assert.equal(put?.url, "https://crm.example/a?q=a+b%26%E0%A4%96&q=%7E*%27");
  assert.equal(put && fromUtf8(put.body), '{"rupees":9223372036854775807}');
  assert.deepEqual(put?.headers, [{ name: "content-type", value: "application/json" }]);
  assert.equal(post && fromUtf8(post.body), "%E0%A4%A8%E0%A4%BE%E0%A4%AE=%E0%A4%86%E0%A4%B6%E0%A4%BE+%2B1");
  assert.deepEqual([patch?.method, patch && fromUtf8(patch.body)], ["PATCH", "ok"]);
});

test("forms are encoded as browsers do", () => {
  const pairs: [string, string][] = [["a", " !'()*-._~/?&=+%ख"], ["b", ""]];
  assert.equal(formEncoded(pairs), new URLSearchParams(pairs).toString());
});

test("an id stays in its segment", () => {
  assert.equal(url("https://crm.example", "leads", "A/7 ख?#%"), "https://crm.example/leads/A%2F7%20%E0%A4%96%3F%23%25");
  assert.equal(url("https://crm.example", "-._~!'()*"), "https://crm.example/-._~%21%27%28%29%2A");
  assert.equal(url("https://crm.example", "\ud800"), "https://crm.example/%EF%BF%BD");
  for (const id of ["", ".", ".."]) {
    assert.equal((reason(() => url("https://crm.example", id)) as { kind: string }).kind, "rejected");
  }
});

test("required settings are typed", () => {
  const { host } = answering(answer(200));
  assert.deepEqual([host.required("limit"), host.required("limit", "integer"), host.required("flag", "boolean")], ["12", 12, true]);
  for (const [name, form] of [["none", "text"], ["odd", "integer"], ["wrong", "boolean"]] as const) {
    const { rejection } = reason(() => host.required(name, form)) as { rejection: { code: string; fields: { field: string }[] } };
    assert.deepEqual([rejection.code, rejection.fields[0]?.field], ["bad-setting", name]);
  }
});

test("a missing credential is unauthorized", () => {
  const { host, logged } = answering(answer(200));
  const why = "the release has no hmac credential `signing`";
  assert.deepEqual(reason(() => host.hmacSha256("signing", "x")), { kind: "unauthorized", why });
  assert.equal(logged[0]?.[0], "error");
});

/**
 * One request, one answer, and what each answer means for the host.
 *
 * | what happened | failure |
 * | --- | --- |
 * | the host refused to send it, or could not connect | `unavailable`: nothing was sent |
 * | no complete answer, or one too large | `unknown` |
 * | 2xx | none; `unknown` if it then cannot be read |
 * | 401, 403 | `unauthorized` |
 * | 404 | `not-found` |
 * | 412 | `conflict`: the record moved since it was read, and nothing was written |
 * | 408 | `unknown`: the CRM gave up waiting, perhaps after acting on the request |
 * | 429 | `rate-limited`, with `Retry-After` if it is a number of seconds; the host reads its other forms itself |
 * | other 4xx | `rejected`, with what the function passed to {@link Response.acceptOr} reads from the answer |
 * | 503 | `unavailable`; `Retry-After` is not used, since the delivery ladder decides |
 * | 1xx, 3xx, other 5xx | `unknown`: a redirect is not followed, and old CRMs redirect after a write |
 *
 * If your CRM uses a status differently, or reports errors inside a 200, use {@link Response.judge} before `accept`. The
 * reasons of `unavailable`, `unknown`, `unauthorized` and `conflict` say what came.
 *
 * @module
 */

import { decoded } from "./charset.ts";
import { Failure, type Rejection } from "./failure.ts";
import type { Imports } from "./host.ts";
import { toJson } from "./json.ts";
import { utf8 } from "./utf8.ts";

/** The methods that the host sends. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";

/** Parameters of a query or a form: names and values, in order. */
export type Parameters = Record<string, string> | readonly (readonly [string, string])[];

/** A request as it crosses the boundary. */
export interface WireRequest {
  method: string;
  url: string;
  headers: { name: string; value: string }[];
  body: Uint8Array;
}

/** A whole answer as it crosses the boundary. */
export interface WireResponse {
  status: number;
  headers: { name: string; value: string }[];
  body: Uint8Array;
}

/** Why there is no answer. The tag tells whether the CRM can have seen the request. */
export interface TransportError {
  tag: "denied" | "unreachable" | "no-answer" | "too-large";
  val: string;
}

/** The result of a request. */
export type Sent = { answer: WireResponse } | { error: TransportError };

/**
 * The URL of a resource: a base without a trailing slash, as the host passes settings, and path segments, which are
 * percent-encoded, so that an id with a slash, a space or Hindi letters stays one segment.
 *
 * ```ts
 * url("https://crm.example", "leads", "A/7 ख") // https://crm.example/leads/A%2F7%20%E0%A4%96
 * ```
 *
 * @throws {Failure} A rejection if a segment is empty, `.` or `..`: URL parsers resolve those even if they are encoded, so the request would go to another resource.
 */
export function url(base: string, ...segments: string[]): string {
  let joined = base;
  for (const segment of segments) {
    if (segment === "" || segment === "." || segment === "..") {
      throw Failure.rejected("bad-id", "an id that is empty, `.` or `..` cannot stand in a URL of the CRM");
    }
    joined += `/${encoded(segment)}`;
  }
  return joined;
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
function encoded(segment: string): string {
  const rest = /[!'()*]/g;
  // A lone surrogate is not a character; encodeURIComponent would throw on it.
  return encodeURIComponent(segment.toWellFormed()).replace(rest, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A request that is complete, as `sign` sees it: all as it is sent. */
export interface Unsigned {
  readonly method: string;
  /** Percent-encoded; `/` if the URL has none. */
  readonly path: string;
  /** Encoded, without `?`; empty if there is none. */
  readonly query: string;
  readonly body: Uint8Array;
}

/**
 * Builds a request; created by `host.get` and similar methods. Nothing happens until it is sent.
 *
 * The host adds the tenant's credentials for the origin, so an adapter sets no `authorization` header.
 */
export class Request {
  readonly #imports: Imports;
  readonly #wire: WireRequest;
  #sign: (request: Unsigned) => Record<string, string> = () => ({});

  /** @internal Made by the host. */
  constructor(imports: Imports, method: Method, url: string) {
    this.#imports = imports;
    this.#wire = { method, url, headers: [], body: new Uint8Array() };
  }

  /** Adds a header. */
  header(name: string, value: string): this {
    this.#wire.headers.push({ name, value });
    return this;
  }

  /** Adds parameters to the URL's query, form-encoded. */
  query(parameters: Parameters): this {
    this.#wire.url += (this.#wire.url.includes("?") ? "&" : "?") + formEncoded(parameters);
    return this;
  }

  /** Sets a JSON body and its content type. A bigint is written as a whole number. */
  json(value: unknown): this {
    return this.bytes("application/json", toJson(value));
  }

  /** Sets a form body, `application/x-www-form-urlencoded` in UTF-8. */
  form(parameters: Parameters): this {
    return this.bytes("application/x-www-form-urlencoded", formEncoded(parameters));
  }

  /** Sets any body of at most 1 MiB; text is sent as UTF-8. */
  bytes(contentType: string, body: string | Uint8Array): this {
    this.#wire.body = typeof body === "string" ? utf8(body) : body;
    return this.header("content-type", contentType);
  }

  /**
   * Signs the request when it is sent: the function sees it complete, and returns the headers to add.
   *
   * ```ts
   * const signed = ({ method, path, query, body }: Unsigned) => ({
   *   "x-signature": hex(host.hmacSha256("signing", joined(`${method}\n${path}\n${query}\n`, body))),
   * });
   * host.put(place).json(note).sign(signed).send();
   * ```
   */
  sign(sign: (request: Unsigned) => Record<string, string>): this {
    this.#sign = sign;
    return this;
  }

  /**
   * Sends the request and waits for the answer, whatever its status.
   *
   * @throws {Failure} `unavailable` if nothing was sent, `unknown` if no complete answer came, each with the host's reason.
   */
  send(): Response {
    const { method, url, body } = this.#wire;
    // Scheme and authority, path, query; a fragment is not sent.
    const [, path = "", query = ""] = /^[^:]*:\/\/[^/?#]*([^?#]*)\??([^#]*)/.exec(url) ?? [];
    for (const [name, value] of Object.entries(this.#sign({ method, path: path || "/", query, body }))) this.header(name, value);
    const sent = this.#imports.send(this.#wire);
    if ("answer" in sent) return new Response(this.#imports, sent.answer);
    const { tag, val } = sent.error;
    this.#imports.log("warn", "no answer from the CRM", { what: tag, reason: val });
    const nothingSent = tag === "denied" || tag === "unreachable";
    throw nothingSent ? Failure.unavailable(`${tag}: ${val}`) : Failure.unknown(`${tag}: ${val}`);
  }
}

/** A complete answer of the CRM. */
export class Response {
  readonly #imports: Imports;
  readonly #wire: WireResponse;

  /** @internal Made by {@link Request.send}. */
  constructor(imports: Imports, wire: WireResponse) {
    this.#imports = imports;
    this.#wire = wire;
  }

  /** The HTTP status code. */
  get status(): number {
    return this.#wire.status;
  }

  /** The first header of that name, ignoring case. */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#wire.headers.find((header) => header.name.toLowerCase() === wanted)?.value;
  }

  /** The body: text in an old charset as UTF-8, anything else as the CRM sent it. */
  get bytes(): Uint8Array {
    return this.#wire.body;
  }

  /**
   * The body as text, in the charset of its byte-order mark, its header or its XML declaration, or else UTF-8.
   *
   * @throws {Failure} `unknown` if it is not text in it: a broken answer does not say whether the request was carried out.
   */
  text(): string {
    const read = decoded(this.#wire.body, this.header("content-type") ?? "");
    if ("problem" in read) throw this.unreadable(read.problem);
    return read.text;
  }

  /**
   * The body, parsed as JSON. With `read`, the result of that function, which returns `undefined` for JSON of another
   * form. Without `read`, the type is not checked, and a missing member becomes a fault of the adapter later.
   *
   * It rounds numbers of more than 15 digits and reads `1.10` as `1.1`: what you pass on, read by `parseExact(text())`.
   *
   * @throws {Failure} `unknown` if it is not JSON, or not of that form. The text is not logged: it may be personal.
   */
  json<T = unknown>(read?: (value: unknown) => T | undefined): T {
    const text = this.text();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw this.unreadable("not JSON");
    }
    if (!read) return value as T;
    const known = read(value);
    if (known === undefined) throw this.unreadable("JSON of another form");
    return known;
  }

  /**
   * Logs that an answer cannot be read and returns the failure `unknown` with the reason, for you to throw. It is for
   * formats that the SDK does not read itself. `why` must not quote the answer, which may contain personal data.
   */
  unreadable(why: string): Failure {
    this.#imports.log("warn", "the CRM's answer cannot be read", { status: String(this.status), why });
    return Failure.unknown(`the CRM's answer with status ${this.status} cannot be read: ${why}`);
  }

  /**
   * The answer itself, unless `judge` says which failure it is. It sees every answer before the SDK judges the status: an
   * error inside a 200, a 403 that refuses a single field, a 409 of a record that moved. It returns `undefined` for an
   * answer that it leaves to `accept`, which usually follows:
   *
   * ```ts
   * const moved = (answer: Response) => (answer.status === 409 ? Failure.conflict("the revision moved") : undefined);
   * const saved = host.put(place).json(note).send().judge(moved).accept();
   * ```
   *
   * @throws {Failure} What `judge` returns.
   */
  judge(judge: (answer: this) => Failure | undefined): this {
    const failure = judge(this);
    if (failure) throw failure;
    return this;
  }

  /**
   * The answer itself if its status is 2xx.
   *
   * @throws {Failure} The failure that the status means; see the table above. A rejection names the status only.
   */
  accept(): this {
    return this.acceptOr(() => undefined);
  }

  /**
   * The answer itself if its status is 2xx; if it refuses the request, throws the rejection that `explain` reads from
   * its body: the CRM's code, message and fields, which a person sees in review.
   *
   * @throws {Failure} What the status means; see the table above.
   */
  acceptOr(explain: (answer: this) => Rejection | undefined): this {
    const { status } = this;
    const answered = `the CRM answered ${status}`;
    if (status >= 200 && status <= 299) return this;
    if (status === 401 || status === 403) throw Failure.unauthorized(answered);
    if (status === 404) throw Failure.notFound();
    if (status === 412) throw Failure.conflict(answered);
    if (status === 429) throw Failure.rateLimited(this.#retryAfter());
    if (status >= 400 && status <= 499 && status !== 408) {
      const unexplained: Rejection = { code: `http-${status}`, message: "the CRM refused the request and did not say why" };
      const { code, message, fields } = explain(this) ?? unexplained;
      throw Failure.rejected(code, message, fields);
    }
    throw status === 503 ? Failure.unavailable(answered) : Failure.unknown(answered);
  }

  #retryAfter(): number | undefined {
    const text = this.header("retry-after")?.trim() ?? "";
    const seconds = /^\+?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    return seconds <= 0xffff_ffff ? seconds : undefined;
  }
}

/** Names and values as `application/x-www-form-urlencoded`. */
export function formEncoded(parameters: Parameters): string {
  const pairs = Array.isArray(parameters) ? parameters : Object.entries(parameters);
  const part = (text: string) => encoded(text).replaceAll("%20", "+").replaceAll("%2A", "*").replaceAll("~", "%7E");
  return pairs.map(([name, value]) => `${part(name)}=${part(value)}`).join("&");
}

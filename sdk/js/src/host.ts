/**
 * The host as an adapter sees it: HTTP, settings, signatures, the log and the time. `date.ts` and `phone.ts` ask it for
 * local times and telephone numbers.
 *
 * @module
 */

import type { DateError } from "./date.ts";
import { Failure } from "./failure.ts";
import { type Method, Request, type Sent, type WireRequest } from "./http.ts";
import type { PhoneError } from "./phone.ts";
import { utf8 } from "./utf8.ts";

/** The severity of a log line. */
export type Level = "debug" | "info" | "warn" | "error";

/** The types in which {@link Host.required} reads a setting. */
export interface SettingForms {
  text: string;
  integer: number;
  boolean: boolean;
}

/** @internal The contract's imports: the real ones in a component, a script in a test. */
export interface Imports {
  send(request: WireRequest): Sent;
  setting(name: string): string | undefined;
  /** `undefined` if the release has no such credential. */
  hmacSha256(name: string, bytes: Uint8Array): Uint8Array | undefined;
  log(level: Level, message: string, fields: Record<string, string>): void;
  now(): Date;
  instant(local: string, zone: string): { text: string } | { error: DateError };
  local(instant: string, zone: string): { text: string } | { error: DateError };
  normalize(number: string): { text: string } | { error: PhoneError };
}

/**
 * A handle on the host, passed to every function of an adapter.
 *
 * In a component it is the real host. In a native test it is a script of expected requests and their answers, so that
 * the same adapter code runs in both. Nothing here is a promise: the host waits asynchronously underneath.
 */
export class Host {
  readonly #imports: Imports;

  /** @internal Made by the component and by tests. */
  constructor(imports: Imports) {
    this.#imports = imports;
  }

  /** @internal For the SDK's own modules. */
  get imports(): Imports {
    return this.#imports;
  }

  /** A `GET` of an absolute URL; see `url` for making one. */
  get(url: string): Request {
    return this.request("GET", url);
  }

  /** A `POST` to an absolute URL. */
  post(url: string): Request {
    return this.request("POST", url);
  }

  /** A `PUT` to an absolute URL. */
  put(url: string): Request {
    return this.request("PUT", url);
  }

  /** A `PATCH` of an absolute URL. */
  patch(url: string): Request {
    return this.request("PATCH", url);
  }

  /** A request with any of the host's methods. */
  request(method: Method, url: string): Request {
    return new Request(this.#imports, method, url);
  }

  /** The value of an optional setting as text, or `undefined` if the tenant's file does not give it. */
  setting(name: string): string | undefined {
    return this.#imports.setting(name);
  }

  /** The value of a setting that the description declares as required: as text, or read as `"integer"` or `"boolean"`.
   *
   * @throws {Failure} A rejection that names the setting, so that the mistake is shown to a person. The host checks
   * settings when a release is made, so this happens only if the adapter uses a setting otherwise than it declares it.
   */
  required(name: string): string;
  required<F extends keyof SettingForms>(name: string, form: F): SettingForms[F];
  required(name: string, form: keyof SettingForms = "text"): string | number | boolean {
    const problem = (what: string) => {
      const message = "a setting of the tenant is not what the adapter needs; describe it so that the host checks it";
      return Failure.rejected("bad-setting", message, [{ field: name, message: what }]);
    };
    const text = this.setting(name);
    if (text === undefined) throw problem("is missing");
    if (form === "text") return text;
    if (form === "boolean") {
      if (text !== "true" && text !== "false") throw problem("is neither true nor false");
      return text === "true";
    }
    const value = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw problem("is not a whole number that can be read exactly");
    return value;
  }

  /**
   * HMAC-SHA256 of the bytes, or of a text's UTF-8, with the key of the tenant's `hmac` credential of that name: 32
   * bytes. The key stays in the host.
   *
   * @throws {Failure} `unauthorized` if the release has no such credential, so that an alert is raised at once.
   */
  hmacSha256(name: string, bytes: Uint8Array | string): Uint8Array {
    const signed = this.#imports.hmacSha256(name, typeof bytes === "string" ? utf8(bytes) : bytes);
    if (signed) return signed;
    this.log("error", "no hmac credential of this name", { credential: name });
    throw Failure.unauthorized(`the release has no hmac credential \`${name}\``);
  }

  /**
   * Writes a line to the host's log, which adds the ids of the invocation. Fields are ids and classes, never names,
   * numbers or texts of a lead.
   */
  log(level: Level, message: string, fields: Record<string, string> = {}): void {
    this.#imports.log(level, message, fields);
  }

  /** The current time. */
  now(): Date {
    return this.#imports.now();
  }
}

/** Texts, as UTF-8, and bytes, one after another: what is to be signed. */
export function joined(...parts: (string | Uint8Array)[]): Uint8Array {
  const all = parts.map((part) => (typeof part === "string" ? utf8(part) : part));
  const bytes = new Uint8Array(all.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes as lower-case hexadecimal, as signatures are often sent. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A fixture: one recorded invocation in a JSON file. Adapters in every language share the format.
 *
 * @module
 */

import type { Rejection } from "../src/failure.ts";
import type { Json } from "../src/model.ts";

/** The contents of the file. */
export interface Fixture {
  /** One sentence: what this invocation shows. */
  about: string;
  settings?: Record<string, string>;
  /** The country of telephone numbers without a country code. */
  country?: string;
  /** Keys of `hmac` credentials. */
  keys?: Record<string, string>;
  /** The time now, RFC 3339. */
  now?: string;
  call: Invocation;
  exchanges?: Exchange[];
  returns: { ok: Json } | { err: FailureJson };
}

/** The export and its arguments. Records are the contract's, in snake case; optional members may be omitted. */
export type Invocation =
  | { query_status: { lead_id: string } }
  | { write_disposition: { disposition: { [name: string]: Json }; idempotency_key?: string } }
  | { find: { lead_id: string; idempotency_key: string } }
  | { parse_leads: { content_type?: string; body: string; received_at?: string } };

/** One expected request and its answer. */
export interface Exchange {
  request: {
    method: string;
    url: string;
    headers?: Record<string, string>;
    json?: Json;
    form?: Record<string, string>;
    text?: string;
  };
  answer?: { status: number; headers?: Record<string, string>; json?: Json; text?: string };
  fails?: { denied: string } | { unreachable: string } | { no_answer: string } | { too_large: string };
}

/** A failure as a fixture writes it. Without a reason, it stands for any reason. */
export type FailureJson =
  | "unavailable"
  | "unknown"
  | "unauthorized"
  | "conflict"
  | "not_found"
  | { unavailable: string }
  | { unknown: string }
  | { unauthorized: string }
  | { conflict: string }
  | { rate_limited: number | null }
  | { rejected: Rejection };

/** Converts names to camel case, at every depth. */
export function camel(json: Json): unknown {
  if (Array.isArray(json)) return json.map(camel);
  if (typeof json !== "object" || json === null) return json ?? undefined;
  const name = (snake: string) => snake.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(json).map(([member, value]) => [name(member), camel(value)]));
}

/** Converts names to snake case and omits members that are not set. */
export function snake(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snake);
  if (typeof value !== "object" || value === null) return value;
  const name = (camel: string) => camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
  return Object.fromEntries(members.map(([member, inner]) => [name(member), snake(inner)]));
}

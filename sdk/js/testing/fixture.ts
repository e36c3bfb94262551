/**
 * A fixture: one recorded call in a JSON file, of the format that adapters in every language share.
 *
 * @module
 */

import type { Rejection } from "../src/failure.ts";
import type { Json } from "../src/model.ts";

/** What stands in the file. */
export interface Fixture {
  /** One sentence: what this call shows. */
  about: string;
  settings?: Record<string, string>;
  /** Keys of `hmac` credentials. */
  keys?: Record<string, string>;
  /** The time now, RFC 3339. */
  now?: string;
  call: Call;
  exchanges?: Exchange[];
  returns: { ok: Json } | { err: FailureJson };
}

/** What the host asks. Records are the contract's, in snake case; what is optional may be left out. */
export type Call =
  | { query_status: { lead_id: string } }
  | { write_disposition: { disposition: { [name: string]: Json }; idempotency_key?: string } }
  | { find: { lead_id: string; idempotency_key: string } }
  | { parse_leads: { content_type?: string; body: string; received_at?: string } };

/** One expected request, and what comes back for it. */
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

/** A failure as a fixture says it. */
export type FailureJson =
  | "unavailable"
  | "unknown"
  | "unauthorized"
  | "not_found"
  | { rate_limited: number | null }
  | { rejected: Rejection };

/** Names in camel case, at every depth but inside values that are not records. */
export function camel(json: Json): unknown {
  if (Array.isArray(json)) return json.map(camel);
  if (typeof json !== "object" || json === null) return json ?? undefined;
  const name = (snake: string) => snake.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(json).map(([member, value]) => [name(member), camel(value)]));
}

/** Names in snake case, and what is left out or not set left out. */
export function snake(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snake);
  if (typeof value !== "object" || value === null) return value;
  const name = (camel: string) => camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
  return Object.fromEntries(members.map(([member, inner]) => [name(member), snake(inner)]));
}

/**
 * Converts between the SDK's records and those that cross the boundary, which have kebab-case tags and all members.
 *
 * It checks what an adapter returns, so that a mistake in JavaScript gets a message and not a trap in the bindings.
 *
 * @module
 */

import { Description } from "./describe.ts";
import { Failure, type Rejection } from "./failure.ts";
import { normalized } from "./instants.ts";
import type { Disposition, Extension, Inbound, Lead, LeadStatus, NamedOutcome, Outcome, Receipt } from "./model.ts";

/** A disposition as it crosses the boundary: the outcome is a variant, and missing members are `undefined`. */
export type WireDisposition = Omit<Disposition, "outcome"> & { outcome: { tag: string; val?: string } };

/** A webhook as it crosses the boundary. */
export type WireInbound = Inbound;

let where = "";

/** Runs a conversion; its errors name the function that returned the value. */
export function named<T>(name: string, convert: () => T): T {
  where = name;
  return convert();
}

function wrong(member: string, expected: string, value: unknown): TypeError {
  const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `of type ${typeof value}`;
  return new TypeError(`${where} answered \`${member}\` that should be ${expected} and is ${kind}`);
}

function text(value: unknown, member: string): string {
  if (typeof value !== "string") throw wrong(member, "text", value);
  return value;
}

function maybe(value: unknown, member: string): string | undefined {
  return value === undefined || value === null ? undefined : text(value, member);
}

/** A time, printed anew. A text that is not an instant stays as it is, and the host refuses it by name. */
function time(value: unknown, member: string): string | undefined {
  const given = maybe(value, member);
  return given === undefined ? undefined : (normalized(given) ?? given);
}

function flag(value: unknown, member: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw wrong(member, "true or false", value);
  return value;
}

function record<T extends object>(value: T, member: string): T {
  if (typeof value !== "object" || value === null) throw wrong(member, "an object", value);
  return value;
}

function list<T, W>(value: readonly T[] | undefined, member: string, convert: (item: T) => W): W[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(member, "an array", value);
  return (value as readonly T[]).map(convert);
}

function extensions(value: readonly Extension[] | undefined) {
  return list(value, "extensions", ({ pointer, json }) => ({
    pointer: text(pointer, "extensions.pointer"),
    json: text(json, "extensions.json"),
  }));
}

export function description(about: Description) {
  if (!(about instanceof Description)) throw wrong("about", "made by `describe(name, version)`", about);
  const { name, version, settings, credentials, origins } = about;
  return {
    name,
    version,
    settings: [...settings],
    credentials: [...credentials],
    origins: [...origins],
    idempotentWrites: about.hasIdempotentWrites,
  };
}

export function leadStatus(status: LeadStatus) {
  record(status, "status");
  if (typeof status.callable !== "boolean") throw wrong("callable", "true or false", status.callable);
  return {
    leadId: text(status.leadId, "leadId"),
    callable: status.callable,
    status: text(status.status, "status"),
    dnc: flag(status.dnc, "dnc"),
    humanContacted: flag(status.humanContacted, "humanContacted"),
    lastCallAttempt: time(status.lastCallAttempt, "lastCallAttempt"),
    extensions: extensions(status.extensions),
  };
}

export function receipt(receipt: Receipt) {
  return { reference: text(record(receipt, "receipt").reference, "reference") };
}

export function leads(leads: (Lead | Failure)[]) {
  return list(leads, "leads", (item) =>
    item instanceof Failure ? { tag: "err" as const, val: refusal(item) } : { tag: "ok" as const, val: lead(item) },
  );
}

/** Why a single lead is refused. */
function refusal({ reason }: Failure) {
  if (reason.kind !== "rejected") {
    throw new TypeError(`${where} answered the failure ${reason.kind} for one lead: only a rejection refuses it; throw others`);
  }
  return rejection(reason.rejection);
}

function lead(lead: Lead) {
  return {
    id: text(record(lead, "lead").id, "id"),
    phone: text(lead.phone, "phone"),
    phoneAlt: maybe(lead.phoneAlt, "phoneAlt"),
    name: maybe(lead.name, "name"),
    source: maybe(lead.source, "source"),
    campaignId: maybe(lead.campaignId, "campaignId"),
    projectInterest: maybe(lead.projectInterest, "projectInterest"),
    projectId: maybe(lead.projectId, "projectId"),
    languagePreference: maybe(lead.languagePreference, "languagePreference"),
    createdAt: time(lead.createdAt, "createdAt"),
    callPriority: lead.callPriority ?? "normal",
    extensions: extensions(lead.extensions),
  };
}

export function disposition(wire: WireDisposition): Disposition {
  return { ...wire, outcome: outcome(wire.outcome) };
}

function outcome({ tag, val }: WireDisposition["outcome"]): Outcome {
  return tag === "other" ? { other: val ?? "" } : (tag.replaceAll("-", "_") as NamedOutcome);
}

export function failure({ reason }: Failure) {
  switch (reason.kind) {
    case "rate-limited":
      return { tag: reason.kind, val: reason.seconds };
    case "rejected":
      return { tag: reason.kind, val: rejection(reason.rejection) };
    case "not-found":
      return { tag: reason.kind };
    default:
      if (reason.why !== undefined && typeof reason.why !== "string") {
        throw new TypeError(`the reason of the failure ${reason.kind} should be text and is of type ${typeof reason.why}`);
      }
      return { tag: reason.kind, val: reason.why };
  }
}

function rejection({ code, message, fields }: Rejection) {
  return { code, message, fields: fields ?? [] };
}

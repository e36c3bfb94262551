/**
 * The records of the contract in TypeScript's conventions: names in camel case, and optional members.
 *
 * The names are those of `wit/model.wit`; a test compares the two.
 *
 * @module
 */

import { RawJson, toJson } from "./json.ts";

/** The twelve outcomes that the contract names. */
export const OUTCOMES = [
  "qualified_visit_booked",
  "qualified_no_visit",
  "callback_requested",
  "not_interested_budget",
  "not_interested_location",
  "not_interested_timeline",
  "already_purchased",
  "wrong_number",
  "dnc_requested",
  "no_answer",
  "invalid_number",
  "duplicate_suppressed",
] as const;

/** One of the outcomes that the contract names. */
export type NamedOutcome = (typeof OUTCOMES)[number];

/**
 * How a call ended: a named outcome, or `{ other }` with the calling platform's own words, never empty.
 *
 * ```ts
 * const result = typeof outcome === "string" ? CODES[outcome] : `OTHER: ${outcome.other}`;
 * ```
 */
export type Outcome = NamedOutcome | { other: string };

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A field that the contract does not name, kept as it was sent. */
export interface Extension {
  /** Its position: an RFC 6901 JSON pointer into the original document, such as `/qualification/floor`. */
  pointer: string;
  /** Its value as JSON text: `"12"` with the quotes for a string, `12` for a number. See {@link extensionValue}. */
  json: string;
}

/** What was learned about the lead. Every field may be missing, because a call can end at any point. */
export interface Qualification {
  /** Intent, 0 to 100. */
  aiIntentScore?: number;
  /** Lower limit of the budget, in whole rupees. A bigint, since a number may not hold it exactly. */
  budgetMin?: bigint;
  /** Upper limit of the budget, in whole rupees. */
  budgetMax?: bigint;
  /** Flat size, such as `3BHK`, as the platform spelled it. */
  bhkPreference?: string;
  /** When possession is wanted, such as `18_months`. */
  possessionTimeline?: string;
  /** Whether a loan is needed. */
  loanRequired?: boolean;
  /** Purpose, such as `end_use` or `investment`. */
  purchaseIntent?: string;
  /** Whether the lead is a non-resident Indian. */
  nriFlag?: boolean;
}

/** A site visit. */
export interface SiteVisit {
  /** Whether it is booked. */
  booked: boolean;
  /** Local date, `YYYY-MM-DD`. */
  date?: string;
  /** Local time of day, `HH:MM`, 24 hours. */
  timeSlot?: string;
  /** IANA name of the time zone of `date` and `timeSlot`, such as `Asia/Kolkata`. */
  timezone?: string;
}

/** The structured outcome of one call. */
export interface Disposition {
  /** The call's id at the calling platform. Unique per tenant forever. Write and search by the idempotency key only. */
  callId: string;
  /** The lead's id in the CRM. */
  leadId: string;
  /** How the call ended. */
  outcome: Outcome;
  /** When the host accepted the disposition: RFC 3339 in UTC with milliseconds. The same on every attempt. */
  acceptedAt: string;
  /** Length of the call in seconds. */
  durationSeconds?: number;
  /** Where the recording can be fetched. */
  recordingUrl?: string;
  /** Where the transcript can be fetched. */
  transcriptUrl?: string;
  /** What was learned. */
  qualification: Qualification;
  /** The site visit, if one was discussed. */
  siteVisit?: SiteVisit;
  /** The lead asked not to be called again. Always true when `outcome` is `dnc_requested`. */
  dncRequested: boolean;
  /** The platform considers the lead a duplicate. */
  duplicateDetected: boolean;
  /** Language of the call, such as `hindi`. */
  languageUsed?: string;
  /** Fields the contract does not name. */
  extensions: Extension[];
}

/** The CRM's answer to whether a lead may be called now. An omitted member is `false`, or not known. */
export interface LeadStatus {
  /** The lead's id in the CRM. */
  leadId: string;
  /** Whether the CRM allows a call now. The host still answers `false` if `dnc` is true here. */
  callable: boolean;
  /** The lead's stage in the CRM's terms, lower case, such as `new`. */
  status: string;
  /** Whether the lead is do-not-call in the CRM. */
  dnc?: boolean;
  /** Whether a person of the developer group has spoken to the lead. */
  humanContacted?: boolean;
  /** When the lead was last called: RFC 3339 with an offset. Other spellings, such as `+0530`, are printed anew. */
  lastCallAttempt?: string;
  /** Further fields for the agent, included in the answer under their pointers. */
  extensions?: Extension[];
}

/** Proof that the CRM holds a write. */
export interface Receipt {
  /** The CRM's own reference, shown to operators. May be empty. At most 256 bytes; no personal data. */
  reference: string;
}

/** How urgently a lead is to be called. */
export type Priority = "high" | "normal" | "low";

/** A lead in the contract's own format. */
export interface Lead {
  /** The lead's id in the CRM. Not empty. */
  id: string;
  /** Phone number in E.164, such as `+919800000000`; `phone.e164` asks the host for it. */
  phone: string;
  /** A second number, E.164. */
  phoneAlt?: string;
  /** Name. */
  name?: string;
  /** Where the lead came from, such as `99acres`. */
  source?: string;
  /** Marketing campaign. */
  campaignId?: string;
  /** What the lead is interested in. */
  projectInterest?: string;
  /** The project's id. */
  projectId?: string;
  /** Language to call in. */
  languagePreference?: string;
  /** When the lead was created: RFC 3339 with an offset. Other spellings, such as `+0530`, are printed anew. */
  createdAt?: string;
  /** How urgently to call; `normal` by default. */
  callPriority?: Priority;
  /** Fields the contract does not name; pointers are relative to the lead. */
  extensions?: Extension[];
}

/** A webhook as it arrived, after its signature was verified. */
export interface Inbound {
  /** Value of the `content-type` header, empty if there was none. */
  contentType: string;
  /** The raw body. */
  body: Uint8Array;
  /** When the host received it: RFC 3339 in UTC with milliseconds. */
  receivedAt: string;
}

/**
 * An extension of any JSON value, at an RFC 6901 pointer such as `/floor`. A value that `parseExact` has read keeps its
 * digits.
 */
export function extension(pointer: string, value: unknown): Extension {
  return { pointer, json: toJson(value) };
}

/**
 * An extension's value, to be passed on in a JSON body with all its digits. Text that is not JSON becomes a string, so that
 * nothing is lost.
 */
export function extensionRaw(extension: Extension): RawJson {
  try {
    return new RawJson(extension.json);
  } catch {
    return new RawJson(JSON.stringify(extension.json));
  }
}

/**
 * Parses an extension's value, to be read. It rounds numbers of more than 15 digits and turns `1.10` into `1.1`: pass on
 * {@link extensionRaw} instead. Text that is not JSON is returned as it is, so that nothing is lost.
 */
export function extensionValue(extension: Extension): Json {
  try {
    return JSON.parse(extension.json) as Json;
  } catch {
    return extension.json;
  }
}

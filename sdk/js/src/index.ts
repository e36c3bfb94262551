/**
 * Jackfield's SDK for TypeScript and JavaScript: what an adapter imports from `"jackfield"`.
 *
 * | for | see |
 * | --- | --- |
 * | what to implement | {@link adapter}, {@link Adapter} |
 * | describing the adapter | {@link describe} |
 * | settings, signatures, the log, the time, requests | {@link Host} |
 * | what the CRM's answers mean | `http.ts` |
 * | failures | {@link Failure} |
 * | local times and phone numbers, by the host | {@link date}, {@link phone} |
 * | rupees | {@link money} |
 * | tests | `"jackfield/testing"` |
 *
 * @module
 */

export { type Adapter, adapter, eachLead, inboundText } from "./adapter.ts";
export * as date from "./date.ts";
export { type Credential, type CredentialKind, describe, Description, type Setting, type SettingKind } from "./describe.ts";
export { Failure, type FieldError, type Reason, type Rejection } from "./failure.ts";
export { hex, Host, joined, type Level, type SettingForms } from "./host.ts";
export { type Method, type Parameters, type Request, type Response, type Unsigned, url } from "./http.ts";
export { parseExact, RawJson, toJson } from "./json.ts";
export {
  type Disposition,
  type Extension,
  extension,
  extensionRaw,
  extensionValue,
  type Inbound,
  type Json,
  type Lead,
  type LeadStatus,
  type NamedOutcome,
  type Outcome,
  OUTCOMES,
  type Priority,
  type Qualification,
  type Receipt,
  type SiteVisit,
} from "./model.ts";
export * as money from "./money.ts";
export * as phone from "./phone.ts";

/**
 * Telephone numbers: E.164 in the contract, ten digits in many Indian CRMs.
 *
 * The host knows the numbering plans of all countries, so an adapter needs no rule of its own.
 *
 * @module
 */

import { Failure } from "./failure.ts";
import type { Host } from "./host.ts";

/**
 * Why the host did not normalise a number: it is not one, it has no country code and the tenant's file has no `country`,
 * or its country's numbering plan has no such number.
 */
export type PhoneError = "not-a-number" | "no-country" | "not-in-plan";

const MESSAGES: Record<PhoneError, string> = {
  "not-a-number": "is not a telephone number",
  "no-country": "has no country code, and the tenant's file has no `country`",
  "not-in-plan": "is not in its country's numbering plan: too short, too long, or an unknown prefix",
};

/**
 * Converts a number as people and CRMs write it to E.164, such as `+919800000000`. A number without a country code is
 * one of the tenant's `country`.
 *
 * @throws {Failure} A rejection that names `field`, which is what the CRM calls the number, and says why: it is not a number, it has no country code, or its country's plan has no such number.
 */
export function e164(host: Host, text: string, field = "phone"): string {
  const came = host.imports.normalize(text);
  if ("text" in came) return came.text;
  throw Failure.rejected("bad-phone", "a telephone number cannot be used", [{ field, message: MESSAGES[came.error] }]);
}

/** The ten digits of an Indian mobile number in E.164. `undefined` for any other number. */
export function tenDigits(e164: string): string | undefined {
  return /^\+91([6-9][0-9]{9})$/.exec(e164)?.[1];
}

/**
 * Telephone numbers, roughly as the host normalises them. For tests: a component asks the host.
 *
 * The host knows the numbering plan of every country. This double knows two things: a number with `+` and its country
 * code is a number, and an Indian mobile number has ten digits of which the first is 6 to 9.
 *
 * @module
 */

import type { PhoneError } from "../src/phone.ts";

/** The number in E.164. A number without a country code is one of `country`, of which this double knows `IN`. */
export function normalize(number: string, country: string | undefined): { text: string } | { error: PhoneError } {
  const dense = number.replaceAll(/[\s.()[\]\-\u2010-\u2015\u2212]/g, "");
  const [, international] = /^(?:\+|00)(\d+)$/.exec(dense) ?? [];
  if (international !== undefined) {
    const fits = international.startsWith("91") ? international.length === 12 : /^\d{7,15}$/.test(international);
    return fits ? { text: `+${international}` } : { error: "not-in-plan" };
  }
  if (!/^\d+$/.test(dense)) return { error: "not-a-number" };
  if (country === undefined) return { error: "no-country" };
  if (country !== "IN") {
    throw new Error(
      `the double of the host does not know the numbers of ${country}: write them with + and their country code`,
    );
  }
  const [, indian] = /^(?:0|91)?([6-9]\d{9})$/.exec(dense) ?? [];
  return indian === undefined ? { error: "not-in-plan" } : { text: `+91${indian}` };
}

/**
 * Telephone numbers, roughly as the host normalises them. For tests: a component asks the host.
 *
 * The host knows the numbering plan of every country. This double knows India's mobile numbers, which have ten digits of
 * which the first is 6 to 9, and of other numbers only that one with `+` and its country code has 7 to 15 digits.
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
      `the test double knows the numbering plan of India only, not of ${country}: write the number with + and its ` +
        "country code, or run `jackfield adapter check`, which asks the host",
    );
  }
  const [, indian] = /^(?:0|91)?([6-9]\d{9})$/.exec(dense) ?? [];
  return indian === undefined ? { error: "not-in-plan" } : { text: `+91${indian}` };
}

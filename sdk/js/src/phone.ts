/**
 * Indian mobile numbers: E.164 in the contract, ten digits in many CRMs.
 *
 * @module
 */

/**
 * The number in E.164, `+919800000000`, from what a CRM holds: ten digits from 6 to 9 up, with or without `0`, `91` or
 * `+91` before them, and with spaces, dots or dashes between. `undefined` for anything else.
 */
export function e164(text: string): string | undefined {
  const dense = text.replaceAll(/[ .()-]/g, "");
  const [, national] = /^(?:0|91|\+91)?([6-9][0-9]{9})$/.exec(dense) ?? [];
  return national && `+91${national}`;
}

/** The ten digits of an Indian mobile number in E.164. `undefined` for a number of another country or shape. */
export function tenDigits(e164: string): string | undefined {
  return /^\+91([6-9][0-9]{9})$/.exec(e164)?.[1];
}

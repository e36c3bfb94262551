/**
 * Indian mobile numbers: E.164 in the contract, ten digits in many CRMs.
 *
 * @module
 */

/**
 * Converts a number as CRMs store it to E.164, such as `+919800000000`: ten digits of which the first is 6 to 9, with
 * an optional prefix `0`, `91` or `+91`, and optional spaces, dots or dashes between. `undefined` for anything else.
 */
export function e164(text: string): string | undefined {
  const dense = text.replaceAll(/[ .()-]/g, "");
  const [, national] = /^(?:0|91|\+91)?([6-9][0-9]{9})$/.exec(dense) ?? [];
  return national && `+91${national}`;
}

/** The ten digits of an Indian mobile number in E.164. `undefined` for any other number. */
export function tenDigits(e164: string): string | undefined {
  return /^\+91([6-9][0-9]{9})$/.exec(e164)?.[1];
}

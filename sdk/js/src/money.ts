/**
 * Rupees as written in India. Amounts are bigints, as in the contract: exact to the last rupee.
 *
 * @module
 */

/** Digits in Indian groups, the last three and then twos: `grouped(8_500_000n)` is `85,00,000`. */
export function grouped(rupees: bigint): string {
  const digits = (rupees < 0n ? -rupees : rupees).toString();
  const ahead = digits.slice(0, -3).replace(/\B(?=(\d{2})+$)/g, ",");
  return (rupees < 0n ? "-" : "") + (ahead ? `${ahead},${digits.slice(-3)}` : digits);
}

/** Reads grouped or plain digits, `85,00,000` or `8500000`. `undefined` if it is not a whole number of rupees. */
export function parse(text: string): bigint | undefined {
  const plain = text.trim().replaceAll(",", "");
  return /^[+-]?\d+$/.test(plain) ? BigInt(plain.replace("+", "")) : undefined;
}

/** A decimal amount of rupees with two places, as some CRMs expect it: `decimal(8_500_000n)` is `8500000.00`. */
export function decimal(rupees: bigint): string {
  return `${rupees}.00`;
}

/**
 * An amount as people say it, in lakhs and crores with at most two decimals, rounded down: `85 lakh`, `1.2 crore`, and
 * below a lakh `45,000`.
 */
export function spoken(rupees: bigint): string {
  const lakh = 100_000n;
  const crore = 100n * lakh;
  const amount = rupees < 0n ? -rupees : rupees;
  if (amount < lakh) return grouped(rupees);
  const [unit, name] = amount >= crore ? ([crore, "crore"] as const) : ([lakh, "lakh"] as const);
  const hundredths = ((amount % unit) / (unit / 100n)).toString().padStart(2, "0");
  const number = `${amount / unit}.${hundredths}`.replace(/\.?0+$/, "");
  return `${rupees < 0n ? "-" : ""}${number} ${name}`;
}

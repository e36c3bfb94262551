/**
 * Instants as text. Many systems write them almost as RFC 3339 has it; what is handed on has one spelling.
 *
 * @module
 */

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(?:[Zz]|([+-])(\d\d):?(\d\d)?)$/;

/** An instant, and how it is written: local time, decimals and offset. */
export interface ReadInstant {
  /** Milliseconds since 1970. */
  time: number;
  /** The same instant in RFC 3339, in the one spelling of times that are handed on. */
  text: string;
}

/**
 * Reads an instant, such as `2026-07-01T09:01:55.000Z`, and what systems write in its place: a blank or `t` for `T`,
 * `z`, `+0530`, `+05`, no seconds. `undefined` if it is not one.
 */
export function readInstant(text: string): ReadInstant | undefined {
  const written = INSTANT.exec(text);
  if (!written) return undefined;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "00", decimals = "", sign = "+"] = written;
  const [hoursAhead, minutesAhead] = [Number(written[9] ?? 0), Number(written[10] ?? 0)];
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60 || hoursAhead > 23 || minutesAhead > 59) {
    return undefined;
  }
  // A leap second, which no clock here has, is the second before it.
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second === "60" ? "59" : second}`;
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined;
  const ahead = (hoursAhead * 60 + minutesAhead) * (sign === "-" ? -1 : 1);
  const milliseconds = Number(`${decimals}000`.slice(0, 3));
  const time = new Date(`${local}Z`).getTime() + milliseconds - ahead * 60_000;
  return { time, text: printed(local, decimals, ahead) };
}

/** The same instant in RFC 3339, in one spelling: `2026-07-01T14:31:00+05:30`. `undefined` if the text is not one. */
export function normalized(text: string): string | undefined {
  return readInstant(text)?.text;
}

/** RFC 3339, with decimals only where they say something. */
export function printed(local: string, decimals: string, minutesAhead: number): string {
  const minutes = Math.abs(minutesAhead);
  const two = (value: number) => String(value).padStart(2, "0");
  const fraction = decimals.replace(/0+$/, "");
  const offset = `${minutesAhead < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
  return `${local}${fraction && `.${fraction}`}${offset}`;
}

/**
 * Local times, as the host converts them, by the engine's own `Intl`. For tests: a component asks the host.
 *
 * @module
 */

import type { DateError } from "../src/date.ts";
import { printed, readInstant } from "../src/instants.ts";

type Converted = { text: string } | { error: DateError };

const DAY = 86_400_000;

/**
 * The instant of a local time in a zone. A time in a gap is moved forward by the gap's length, and of a time that exists
 * twice the earlier is meant.
 */
export function instant(local: string, zone: string): Converted {
  const ahead = offsets(zone);
  if (!ahead) return { error: "unknown-zone" };
  const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
  const [, minutes, seconds = "00", decimals = ""] = form.exec(local) ?? [];
  // As if the zone were UTC, which also says whether the calendar has it.
  const read = minutes === undefined ? undefined : readInstant(`${minutes}:${seconds}Z`);
  if (!read) return { error: "invalid-time" };
  const [before, after] = [ahead(read.time - DAY), ahead(read.time + DAY)];
  const possible = [before, after].map((offset) => ({ time: read.time - offset, offset }));
  const real = possible.filter(({ time, offset }) => ahead(time) === offset).map(({ time }) => time);
  // In a gap there is none: the offset before it leads behind it.
  return { text: told(real.length > 0 ? Math.min(...real) : read.time - before, ahead, decimals) };
}

/** The local time of an instant in a zone. */
export function local(instant: string, zone: string): Converted {
  const ahead = offsets(zone);
  if (!ahead) return { error: "unknown-zone" };
  const read = readInstant(instant);
  if (!read) return { error: "invalid-time" };
  const [, decimals = ""] = /[.,](\d{1,9})/.exec(instant) ?? [];
  return { text: told(Math.floor(read.time / 1000) * 1000, ahead, decimals) };
}

function told(time: number, ahead: (time: number) => number, decimals: string): string {
  const offset = ahead(time);
  return printed(new Date(time + offset).toISOString().slice(0, 19), decimals, Math.round(offset / 60_000));
}

/**
 * How far a zone is ahead of UTC at a time, all in milliseconds. `undefined` if it is not the IANA name of a zone; names
 * without `/` are abbreviations, which mean several zones.
 */
function offsets(zone: string): ((time: number) => number) | undefined {
  if (zone !== "UTC" && !zone.includes("/")) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  } catch {
    return undefined;
  }
  return (time) => {
    const parts = new Map(format.formatToParts(new Date(time)).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const there = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
    return there - Math.floor(time / 1000) * 1000;
  };
}

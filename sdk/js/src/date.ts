/**
 * Dates as CRMs write them: RFC 3339 on one side, Indian local time on the other.
 *
 * The conversion is arithmetic: a component has no time zone database, and India has had one offset and no summer time
 * since 1945. A site visit names its own zone; pass local date, time and zone to the CRM as they are.
 *
 * @module
 */

import { Failure } from "./failure.ts";
import type { SiteVisit } from "./model.ts";

/** The zone of a site visit that names none. */
export const DEFAULT_ZONE = "Asia/Kolkata";

const IST_AHEAD_MS = (5 * 60 + 30) * 60_000;

/** A date and time of day in Indian standard time. */
export interface Ist {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** An instant as the contract writes it, in Indian standard time.
 *
 * ```ts
 * const { day, month, year } = date.inIst("2026-07-01T20:01:55.000Z"); // 2, 7, 2026
 * ```
 *
 * @throws {Failure} A rejection if it is not an RFC 3339 instant.
 */
export function inIst(rfc3339: string): Ist {
  const local = new Date(instant(rfc3339).getTime() + IST_AHEAD_MS);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  };
}

/** RFC 3339 with India's offset, as the contract wants instants: `2026-07-01T14:31:00+05:30`. */
export function rfc3339(ist: Ist): string {
  const { year, month, day, hour, minute, second } = ist;
  return `${two(year, 4)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}+05:30`;
}

/** Reads an RFC 3339 instant.
 *
 * @throws {Failure} A rejection if it is not one.
 */
export function instant(rfc3339: string): Date {
  const shape = /^(\d{4}-\d{2}-\d{2})[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
  const [, day] = shape.exec(rfc3339) ?? [];
  const read = day !== undefined && isDate(day) ? new Date(rfc3339.toUpperCase()) : new Date(Number.NaN);
  if (Number.isNaN(read.getTime())) throw badDate("an instant is not written as RFC 3339", "accepted_at");
  return read;
}

/** Whether a text is a date that exists, `YYYY-MM-DD`: the 29th of February only in leap years. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const read = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(text);
}

/** Whether a text is a time of day, `HH:MM`. */
export function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** When a booked site visit begins, in local time of `zone`. */
export interface VisitStart {
  /** `YYYY-MM-DD`. */
  date: string;
  /** `HH:MM`. */
  time: string;
  /** IANA name of the zone. */
  zone: string;
}

/**
 * When a booked site visit begins, in the visit's own zone ({@link DEFAULT_ZONE} if it names none). `undefined` if no
 * visit is booked, or its date or time is missing, because a call can end at any point.
 *
 * @throws {Failure} A rejection that names the field whose value is not a date or time, for a person to correct in review.
 */
export function visitStart(visit: SiteVisit | undefined): VisitStart | undefined {
  if (!visit?.booked || visit.date === undefined || visit.timeSlot === undefined) return undefined;
  const message = "the site visit is not a real date, time and zone";
  if (!isDate(visit.date)) throw badDate(message, "site_visit.date");
  if (!isTime(visit.timeSlot)) throw badDate(message, "site_visit.time_slot");
  return { date: visit.date, time: visit.timeSlot, zone: visit.timezone ?? DEFAULT_ZONE };
}

function badDate(message: string, field: string): Failure {
  return Failure.rejected("bad-date", message, [{ field, message: "cannot be understood" }]);
}

function two(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

/**
 * Dates as CRMs write them: RFC 3339 on one side, local times on the other.
 *
 * A component has no time zone database: the host has one, and converts. A local time that does not exist, because
 * clocks go forward over it, is moved forward by the length of the gap. A time that exists twice is the earlier one.
 * Indian standard time is arithmetic: India has had one offset and no summer time since 1945.
 *
 * @module
 */

import { Failure } from "./failure.ts";
import type { Host } from "./host.ts";
import { printed, readInstant } from "./instants.ts";
import type { SiteVisit } from "./model.ts";

export { normalized } from "./instants.ts";

/** The zone of a site visit that names none. */
export const DEFAULT_ZONE = "Asia/Kolkata";

const IST_AHEAD_MINUTES = 5 * 60 + 30;

/**
 * Why the host did not convert a time: the zone is not the IANA name of a time zone, or the time does not have the
 * expected form or does not exist in the calendar.
 */
export type DateError = "unknown-zone" | "invalid-time";

/** A local date and time of day. */
export interface LocalTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** A date and time of day in Indian standard time. */
export type Ist = LocalTime;

/** An instant as the contract writes it, in Indian standard time.
 *
 * ```ts
 * const { day, month, year } = date.inIst("2026-07-01T20:01:55.000Z"); // 2, 7, 2026
 * ```
 *
 * @throws {Failure} A rejection if it is not an RFC 3339 instant.
 */
export function inIst(rfc3339: string): Ist {
  const local = new Date(instant(rfc3339).getTime() + IST_AHEAD_MINUTES * 60_000);
  return localTime(local.toISOString());
}

/** RFC 3339 with India's offset, as the contract wants instants: `2026-07-01T14:31:00+05:30`. */
export function rfc3339(ist: Ist): string {
  const { year, month, day, hour, minute, second } = ist;
  const local = `${two(year, 4)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
  return printed(local, "", IST_AHEAD_MINUTES);
}

/** Reads an RFC 3339 instant, and what systems write in its place: a blank or `t` for `T`, `z`, `+0530`, no seconds.
 *
 * @throws {Failure} A rejection if it is not one.
 */
export function instant(rfc3339: string): Date {
  const read = readInstant(rfc3339);
  if (!read) throw badDate("an instant is not written as RFC 3339", "accepted_at");
  return new Date(read.time);
}

/**
 * Date and time of day as they are written in RFC 3339, in the local time of its offset: for CRMs that want another
 * format.
 *
 * ```ts
 * const { day, month } = date.localTime(date.inZone(host, call.acceptedAt, "Asia/Dubai"));
 * ```
 */
export function localTime(rfc3339: string): LocalTime {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = rfc3339.split(/[-T:+.Z]/).map(Number);
  return { year, month, day, hour, minute, second };
}

/** An instant in a named zone, by the host: RFC 3339 with the zone's offset.
 *
 * @throws {Failure} A rejection that names `field`, if the zone does not exist; that names `time`, if the instant is not one.
 */
export function inZone(host: Host, instant: string | Date, zone: string, field = "timezone"): string {
  const text = typeof instant === "string" ? (readInstant(instant)?.text ?? instant) : instant.toISOString();
  return converted(host.imports.local(text, zone), field);
}

/**
 * A local time in a named zone, by the host: RFC 3339 with the zone's offset at that time. `local` is
 * `YYYY-MM-DDTHH:MM` with optional seconds and decimals, or a {@link LocalTime}.
 *
 * @throws {Failure} A rejection that names `field`, if the zone does not exist; that names `time`, if the local time does not.
 */
export function fromLocal(host: Host, local: string | LocalTime, zone: string, field = "timezone"): string {
  return converted(host.imports.instant(typeof local === "string" ? local : written(local), zone), field);
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

/** When a booked site visit begins. */
export interface VisitStart {
  /** RFC 3339 with the zone's offset at that time. */
  at: string;
  /** The local date, `YYYY-MM-DD`. */
  date: string;
  /** The local time of day, `HH:MM`. */
  time: string;
  /** IANA name of the zone. */
  zone: string;
}

/**
 * When a booked site visit begins, in the visit's own zone ({@link DEFAULT_ZONE} if it names none). `undefined` if no
 * visit is booked, or its date or time is missing, because a call can end at any point.
 *
 * @throws {Failure} A rejection that names the field whose value is not a date, time or zone, for a person to correct in review.
 */
export function visitStart(host: Host, visit: SiteVisit | undefined): VisitStart | undefined {
  if (!visit?.booked || visit.date === undefined || visit.timeSlot === undefined) return undefined;
  const message = "the site visit is not a real date, time and zone";
  // Checked here, because the host does not say which of the two is wrong.
  if (!isDate(visit.date)) throw badDate(message, "site_visit.date");
  if (!isTime(visit.timeSlot)) throw badDate(message, "site_visit.time_slot");
  const zone = visit.timezone ?? DEFAULT_ZONE;
  const starts = host.imports.instant(`${visit.date}T${visit.timeSlot}`, zone);
  if ("error" in starts) {
    throw badDate(message, starts.error === "unknown-zone" ? "site_visit.timezone" : "site_visit.date");
  }
  return { at: starts.text, date: starts.text.slice(0, 10), time: starts.text.slice(11, 16), zone };
}

function converted(came: { text: string } | { error: DateError }, field: string): string {
  if ("text" in came) return came.text;
  if (came.error === "unknown-zone") {
    const message = "is not the IANA name of a time zone, such as Asia/Kolkata, or UTC";
    throw Failure.rejected("bad-zone", "a time zone cannot be used", [{ field, message }]);
  }
  const message = "is not a time of the calendar, such as 2026-07-05T16:30, or 2026-07-05T16:30:00Z for an instant";
  throw Failure.rejected("bad-date", "a time cannot be used", [{ field: "time", message }]);
}

function written({ year, month, day, hour, minute, second }: LocalTime): string {
  return `${two(year, 4)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

function badDate(message: string, field: string): Failure {
  return Failure.rejected("bad-date", message, [{ field, message: "cannot be understood" }]);
}

function two(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

/** Converts between the contract's records and atrium's, without a request: the host converts local times only. */

import { date, type Disposition, type Host, type LeadStatus, money, type SiteVisit } from "jackfield";
import { members } from "./graphql.ts";
import { OUTCOME, purpose, unitType } from "./picklists.ts";

/** A lead in atrium's answer. */
interface Lead {
  id: string;
  stage: string;
  contactable: boolean;
  assignedTo: string | undefined;
  lastCallAt: string | undefined;
  doNotContact: boolean;
}

/**
 * The lead, if it has everything that decides whether it may be called. Another service stores consent and can be down
 * while the lead is available: then there is no answer, and nobody is called.
 */
export function leadOf(data: Record<string, unknown>): Lead | undefined {
  const { id, stage, contactable, assignedTo, lastCall, consent } = members(data.lead);
  const { doNotContact } = members(consent);
  if (typeof id !== "string" || typeof stage !== "string") return undefined;
  if (typeof contactable !== "boolean" || typeof doNotContact !== "boolean") return undefined;
  const lastCallAt = maybe(members(lastCall).at);
  if (lastCallAt !== undefined && date.normalized(lastCallAt) === undefined) return undefined;
  return {
    id,
    stage,
    contactable,
    assignedTo: typeof assignedTo === "string" ? assignedTo : undefined,
    lastCallAt,
    doNotContact,
  };
}

export function statusOf(lead: Lead): LeadStatus {
  return {
    leadId: lead.id,
    callable: lead.contactable && !lead.doNotContact,
    status: lead.stage.toLowerCase(),
    dnc: lead.doNotContact,
    // Atrium assigns a person when one first speaks to the lead.
    humanContacted: lead.assignedTo !== undefined,
    lastCallAttempt: lead.lastCallAt,
  };
}

/** A call that atrium has stored. */
export interface Activity {
  id: string;
}

/** The activity that `logCall` created. */
export function activityOf(data: Record<string, unknown>): Activity | undefined {
  const { id } = members(members(data.logCall).activity);
  return typeof id === "string" ? { id } : undefined;
}

/** The activities that were found; `undefined` if the answer does not say. */
export function activitiesOf(data: Record<string, unknown>): Activity[] | undefined {
  const { nodes } = members(data.activities);
  if (!Array.isArray(nodes)) return undefined;
  const found = nodes.map((node) => members(node).id);
  return found.every((id) => typeof id === "string") ? found.map((id) => ({ id })) : undefined;
}

/** A line of free text beside a call. */
interface Note {
  label: string;
  text: string;
}

/** GraphQL's `Int` is a signed 32-bit number. */
const MAX_INT = 2 ** 31 - 1;

/**
 * A call as atrium's `CallInput`. Members without a value are omitted from the JSON.
 *
 * @throws {Failure} If the date, the time or the zone of the site visit does not exist.
 */
export function callInput(host: Host, call: Disposition, reference: string) {
  const { outcome, durationSeconds: duration, qualification: learned, siteVisit } = call;
  const visit = date.visitStart(host, siteVisit);
  const unit = learned.bhkPreference === undefined ? undefined : unitType(learned.bhkPreference);
  const purchase = learned.purchaseIntent === undefined ? undefined : purpose(learned.purchaseIntent);
  const notes: Note[] = [
    ...note("Unit type", unit?.unlisted),
    ...note("Purpose", purchase?.unlisted),
    ...note("Duration in seconds", fits(duration) ? undefined : String(duration)),
    ...(visit ? [] : unfinishedVisit(siteVisit)),
    ...call.extensions.map(({ pointer, json }) => ({ label: pointer, text: json })),
  ];
  return {
    leadId: call.leadId,
    callReference: reference,
    outcome: typeof outcome === "string" ? OUTCOME[outcome] : "OTHER",
    outcomeNote: typeof outcome === "string" ? undefined : outcome.other,
    occurredAt: call.acceptedAt,
    durationSeconds: fits(duration) ? duration : undefined,
    recordingUrl: call.recordingUrl,
    transcriptUrl: call.transcriptUrl,
    doNotContact: call.dncRequested,
    duplicate: call.duplicateDetected,
    language: call.languageUsed,
    score: learned.aiIntentScore,
    budget: budget(learned.budgetMin, learned.budgetMax),
    unitType: unit?.value,
    possession: learned.possessionTimeline,
    loanNeeded: learned.loanRequired,
    purpose: purchase?.value,
    nonResident: learned.nriFlag,
    // Local time and the zone's name, for atrium's own calendar. A time in a gap is already moved.
    visit: visit && { date: visit.date, time: visit.time, zone: visit.zone },
    notes: notes.length > 0 ? notes : undefined,
  };
}

function fits(duration: number | undefined): boolean {
  return duration === undefined || duration <= MAX_INT;
}

function budget(min: bigint | undefined, max: bigint | undefined) {
  if (min === undefined && max === undefined) return undefined;
  const amount = (rupees: bigint | undefined) => (rupees === undefined ? undefined : money.decimal(rupees));
  return { min: amount(min), max: amount(max) };
}

/** Atrium has no field for a visit that was discussed but not fixed; what is known of it goes into notes. */
function unfinishedVisit(visit: SiteVisit | undefined): Note[] {
  return [...note("Visit date", visit?.date), ...note("Visit time", visit?.timeSlot), ...note("Visit zone", visit?.timezone)];
}

function note(label: string, text: string | undefined): Note[] {
  return text === undefined ? [] : [{ label, text }];
}

function maybe(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

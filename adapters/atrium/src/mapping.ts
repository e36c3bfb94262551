/** Between the contract's records and atrium's. Pure: everything here is tested without a CRM. */

import { date, type Disposition, type LeadStatus, money, type SiteVisit } from "jackfield";
import { members } from "./graphql.ts";
import { OUTCOME, purpose, unitType } from "./picklists.ts";

/** A lead as atrium answers it. */
interface Lead {
  id: string;
  stage: string;
  contactable: boolean;
  assignedTo: string | undefined;
  lastCallAt: string | undefined;
  doNotContact: boolean;
}

/**
 * The lead, if all is there that a call is decided by. Consent is kept by another service, which can be down while the
 * lead is there: then there is no answer, and nobody is called.
 */
export function leadOf(data: Record<string, unknown>): Lead | undefined {
  const { id, stage, contactable, assignedTo, lastCall, consent } = members(data.lead);
  const { doNotContact } = members(consent);
  if (typeof id !== "string" || typeof stage !== "string") return undefined;
  if (typeof contactable !== "boolean" || typeof doNotContact !== "boolean") return undefined;
  return {
    id,
    stage,
    contactable,
    assignedTo: typeof assignedTo === "string" ? assignedTo : undefined,
    lastCallAt: maybe(members(lastCall).at),
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

/** A call that atrium holds. */
export interface Activity {
  id: string;
}

/** The activity that `logCall` made. */
export function activityOf(data: Record<string, unknown>): Activity | undefined {
  const { id } = members(members(data.logCall).activity);
  return typeof id === "string" ? { id } : undefined;
}

/** The activities that were found; `undefined` if atrium did not say. */
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

/** GraphQL's `Int` has 32 bits, with a sign. */
const MAX_INT = 2 ** 31 - 1;

/**
 * A call as atrium's `CallInput` wants it. Members without a value are left out of the JSON.
 *
 * @throws {Failure} If the site visit is no date and time that exist.
 */
export function callInput(call: Disposition, reference: string) {
  const { outcome, durationSeconds: duration, qualification: learned, siteVisit } = call;
  const visit = date.visitStart(siteVisit);
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
    visit,
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

/** A visit that was spoken of and not fixed has no place of its own; what is known of it is noted. */
function unfinishedVisit(visit: SiteVisit | undefined): Note[] {
  return [...note("Visit date", visit?.date), ...note("Visit time", visit?.timeSlot), ...note("Visit zone", visit?.timezone)];
}

function note(label: string, text: string | undefined): Note[] {
  return text === undefined ? [] : [{ label, text }];
}

function maybe(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

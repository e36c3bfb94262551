/** Atrium's picklists: the only values that it accepts. */

import type { NamedOutcome } from "jackfield";

/** Outcomes. A new outcome of the contract does not compile until it has a value here. */
export const OUTCOME: Record<NamedOutcome, string> = {
  qualified_visit_booked: "VISIT_BOOKED",
  qualified_no_visit: "QUALIFIED",
  callback_requested: "CALL_BACK",
  not_interested_budget: "LOST_PRICE",
  not_interested_location: "LOST_LOCATION",
  not_interested_timeline: "LOST_TIMING",
  already_purchased: "ALREADY_BOUGHT",
  wrong_number: "WRONG_PARTY",
  dnc_requested: "DO_NOT_CONTACT",
  no_answer: "UNANSWERED",
  invalid_number: "BAD_NUMBER",
  duplicate_suppressed: "DUPLICATE",
};

const UNITS: Record<string, string> = {
  "1BHK": "ONE_BHK",
  "2BHK": "TWO_BHK",
  "3BHK": "THREE_BHK",
  "4BHK": "FOUR_BHK",
  VILLA: "VILLA",
  PLOT: "PLOT",
};

const PURPOSES: Record<string, string> = {
  end_use: "SELF_USE",
  self_use: "SELF_USE",
  investment: "INVESTMENT",
};

/** A picklist's value for a free text, or `OTHER`; the text itself then belongs in a note. */
export interface Picked {
  value: string;
  /** The text, if the picklist has no value for it. */
  unlisted?: string;
}

/** The unit type of a flat size, however it is spelled: `3BHK`, `3 bhk`, `3-BHK`. */
export function unitType(text: string): Picked {
  return picked(UNITS, text.toUpperCase().replaceAll(/[\s._-]/g, ""), text);
}

/** The purpose of a purchase. */
export function purpose(text: string): Picked {
  return picked(PURPOSES, text.toLowerCase().replaceAll(/[\s-]/g, "_"), text);
}

function picked(list: Record<string, string>, key: string, text: string): Picked {
  const value = Object.hasOwn(list, key) ? list[key] : undefined;
  return value === undefined ? { value: "OTHER", unlisted: text } : { value };
}

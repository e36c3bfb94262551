/**
 * The adapter for atrium, a CRM that is one GraphQL endpoint.
 *
 * This file runs the operations; `mapping.ts` converts their contents, `graphql.ts` interprets the answers. The host
 * adds atrium's bearer token.
 */

import { adapter, describe } from "jackfield";
import { ask } from "./graphql.ts";
import { activitiesOf, activityOf, callInput, leadOf, statusOf } from "./mapping.ts";

export default adapter({
  // Atrium stores a call twice if it is logged twice; but calls can be searched by their reference, hence `find`.
  about: describe("atrium", "1.0.0")
    .origin("base_url", "Where atrium lives, such as https://crm.example; /graphql is added")
    .credential("crm", "bearer", "Atrium's API token"),

  queryStatus(host, leadId) {
    const query = `query LeadStatus($id: ID!) {
      lead(id: $id) { id stage contactable assignedTo lastCall { at } consent { doNotContact } }
    }`;
    return statusOf(ask(host, query, { id: leadId }, leadOf));
  },

  writeDisposition(host, call, idempotencyKey) {
    const mutation = `mutation LogCall($input: CallInput!) {
      logCall(input: $input) { activity { id callReference } }
    }`;
    const { id } = ask(host, mutation, { input: callInput(host, call, idempotencyKey) }, activityOf);
    return { reference: id };
  },

  find(host, _leadId, idempotencyKey) {
    const query = `query CallActivities($reference: String!) {
      activities(callReference: $reference, first: 1) { nodes { id callReference } }
    }`;
    const [found] = ask(host, query, { reference: idempotencyKey }, activitiesOf);
    return found && { reference: found.id };
  },
});

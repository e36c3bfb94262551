/**
 * What an adapter implements.
 *
 * @module
 */

import { decoded } from "./charset.ts";
import type { Description } from "./describe.ts";
import { Failure } from "./failure.ts";
import type { Host } from "./host.ts";
import type { Disposition, Inbound, Lead, LeadStatus, Receipt } from "./model.ts";

/**
 * A CRM adapter. Every invocation may run in a fresh instance, so do not keep state in memory.
 *
 * Do not retry: the host does, by the kind of the `Failure` that is thrown. Anything else that is thrown is a fault of
 * the adapter, and its message is shown to operators. No function may be `async`: an invocation ends when the function
 * returns.
 */
export interface Adapter {
  /** What the adapter is and needs. Read once, when it is pushed. Start it with `describe(name, version)`. */
  about: Description;

  /**
   * Asks the CRM whether the lead may be called now.
   *
   * @throws {Failure} After any failure, the host answers that the lead must not be called.
   */
  queryStatus(host: Host, leadId: string): LeadStatus;

  /**
   * Writes a call's outcome to the CRM, once. `idempotencyKey` is the same on every attempt and replay; send it to the
   * CRM if the CRM accepts one.
   *
   * @throws {Failure} The kind alone decides what the host does next.
   */
  writeDisposition(host: Host, disposition: Disposition, idempotencyKey: string): Receipt;

  /**
   * The receipt of the write with this key, or `undefined` if the CRM certainly has no such record. If you implement
   * it, name `lookup` under `exports` in `adapter.toml`.
   *
   * @throws {Failure} If the CRM cannot say; the host then asks again later rather than write twice.
   */
  find?(host: Host, leadId: string, idempotencyKey: string): Receipt | undefined;

  /**
   * The leads in a webhook whose signature the host has verified; none for an event of another kind. If you implement
   * it, name `leads` under `exports` in `adapter.toml`.
   *
   * A lead that cannot be read is a rejection in its place of the list: it goes to review alone, and the others are
   * delivered. {@link eachLead} makes such a list. Return the leads in the webhook's order, always, since a lead's place
   * is part of its key.
   *
   * @throws {Failure} A rejection sends the whole webhook to review with its raw bytes.
   */
  parseLeads?(host: Host, inbound: Inbound): (Lead | Failure)[];
}

/**
 * A webhook's body as text, in the charset of its byte-order mark, its header or its XML declaration, or else UTF-8.
 *
 * @throws {Failure} A rejection if it is not text in it.
 */
export function inboundText(inbound: Inbound): string {
  const read = decoded(inbound.body, inbound.contentType);
  if ("text" in read) return read.text;
  throw Failure.rejected("bad-webhook", "the webhook cannot be read", [{ field: "", message: `is ${read.problem}` }]);
}

/**
 * Reads each lead of a webhook. Where `read` throws a rejection, that is in the lead's place, so that one bad lead does
 * not stop the others.
 */
export function eachLead<T>(found: Iterable<T>, read: (one: T, place: number) => Lead): (Lead | Failure)[] {
  return Array.from(found, (one, place) => {
    try {
      return read(one, place);
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.reason.kind === "rejected") return thrown;
      throw thrown;
    }
  });
}

/** Returns the adapter, with its type checked. The entry file exports it: `export default adapter({ … })`. */
export function adapter(implementation: Adapter): Adapter {
  return implementation;
}

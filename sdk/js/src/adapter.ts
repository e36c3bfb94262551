/**
 * What an adapter implements.
 *
 * @module
 */

import type { Description } from "./describe.ts";
import type { Host } from "./host.ts";
import type { Disposition, Inbound, Lead, LeadStatus, Receipt } from "./model.ts";

/**
 * A CRM adapter. A fresh instance may serve every call, so nothing that it keeps in memory is there for the next one.
 *
 * Do not retry: the host does, by the kind of the `Failure` that is thrown. Anything else that is thrown is a fault of
 * the adapter, and its message is shown to operators. No function may be `async`: a call ends when it returns.
 */
export interface Adapter {
  /** What the adapter is and needs. Read once when it is pushed. Start it with `describe(name, version)`. */
  about: Description;

  /**
   * Asks the CRM whether the lead may be called now.
   *
   * @throws {Failure} Any failure makes the host answer that the lead must not be called.
   */
  queryStatus(host: Host, leadId: string): LeadStatus;

  /**
   * Writes a call's outcome to the CRM, once. `idempotencyKey` is the same on every attempt and replay; hand it to the
   * CRM if it has a place for it.
   *
   * @throws {Failure} The kind alone decides what the host does next.
   */
  writeDisposition(host: Host, disposition: Disposition, idempotencyKey: string): Receipt;

  /**
   * The receipt of the write with this key, or `undefined` if the CRM surely holds no such record. An adapter with it
   * names `lookup` under `exports` in `adapter.toml`.
   *
   * @throws {Failure} When the CRM cannot say; the host then asks again later rather than write twice.
   */
  find?(host: Host, leadId: string, idempotencyKey: string): Receipt | undefined;

  /**
   * The leads in a webhook whose signature the host has verified; none if it is an event of another kind. An adapter
   * with it names `leads` under `exports` in `adapter.toml`.
   *
   * @throws {Failure} A rejection sends the webhook to review with its raw bytes.
   */
  parseLeads?(host: Host, inbound: Inbound): Lead[];
}

/** Hands an adapter on, checked by its type. The entry file exports it: `export default adapter({ … })`. */
export function adapter(implementation: Adapter): Adapter {
  return implementation;
}

/**
 * Why a call did not succeed. The kind alone decides what the host does next, so choose it with care.
 *
 * @module
 */

/** A field that the CRM refused. */
export interface FieldError {
  /** The field's name, as the CRM calls it. */
  field: string;
  /** What is wrong with it, in the CRM's words. */
  message: string;
}

/** The CRM understood the request and refused it as it stands. */
export interface Rejection {
  /** The CRM's error code, empty when it has none. */
  code: string;
  /** The CRM's message. Must not hold personal data: it is shown to operators. */
  message: string;
  /** The fields it named, if it named any. */
  fields?: FieldError[];
}

/** What a {@link Failure} says: the contract's variant, under its words. */
export type Reason =
  | { kind: "unavailable" }
  | { kind: "unknown" }
  | { kind: "rate-limited"; seconds?: number }
  | { kind: "unauthorized" }
  | { kind: "rejected"; rejection: Rejection }
  | { kind: "not-found" };

/**
 * A failure that the host knows what to do about. Throw it; anything else that is thrown is a fault of the adapter.
 *
 * ```ts
 * if (lead.archived) throw Failure.rejected("archived", "the lead is archived");
 * ```
 */
export class Failure extends Error {
  override readonly name = "Failure";

  /** What it says. */
  readonly reason: Reason;

  private constructor(reason: Reason) {
    super(reason.kind);
    this.reason = reason;
  }

  /** The CRM did not take the request and nothing was written. The host tries again; the attempt counts. */
  static unavailable(): Failure {
    return new Failure({ kind: "unavailable" });
  }

  /**
   * The request left and it is not known whether it was carried out. The host asks `find` before it writes again;
   * without it, it writes again only if writes are idempotent, and sends the delivery to review otherwise.
   */
  static unknown(): Failure {
    return new Failure({ kind: "unknown" });
  }

  /** The CRM asks to slow down, for so many whole seconds if it named a number. The attempt does not count. */
  static rateLimited(seconds?: number): Failure {
    return new Failure({ kind: "rate-limited", seconds });
  }

  /** The credentials were refused. The host alerts at once and goes on trying. */
  static unauthorized(): Failure {
    return new Failure({ kind: "unauthorized" });
  }

  /** The CRM refused the request as it stands. A person sees code, message and fields; none may hold personal data. */
  static rejected(code: string, message: string, fields: FieldError[] = []): Failure {
    return new Failure({ kind: "rejected", rejection: { code, message, fields } });
  }

  /** The CRM does not know the lead. */
  static notFound(): Failure {
    return new Failure({ kind: "not-found" });
  }
}

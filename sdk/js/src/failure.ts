/**
 * Why an invocation did not succeed. The kind alone decides what the host does next, so choose it with care.
 *
 * @module
 */

/** A field that the CRM refused. */
export interface FieldError {
  /** The field's name, as the CRM names it. */
  field: string;
  /** What is wrong with it, in the CRM's words. */
  message: string;
}

/** The CRM understood the request and refused it. */
export interface Rejection {
  /** The CRM's error code, empty if it has none. */
  code: string;
  /** The CRM's message. Must not contain personal data: it is shown to operators. */
  message: string;
  /** The fields that the CRM named, if any. */
  fields?: FieldError[];
}

/**
 * The contents of a {@link Failure}: the contract's variant, under its names. `why` is for operators: one sentence,
 * without personal data.
 */
export type Reason =
  | { kind: "unavailable"; why?: string }
  | { kind: "unknown"; why?: string }
  | { kind: "rate-limited"; seconds?: number }
  | { kind: "unauthorized"; why?: string }
  | { kind: "rejected"; rejection: Rejection }
  | { kind: "not-found" }
  | { kind: "conflict"; why?: string };

/**
 * A failure that the host can act on. Throw it; anything else that is thrown is a fault of the adapter.
 *
 * ```ts
 * if (lead.archived) throw Failure.rejected("archived", "the lead is archived");
 * ```
 *
 * Give a reason (`why`) where the CRM's answer is not plain, such as `"status E503 in a 200"`: operators see it beside
 * the delivery. It must not contain personal data.
 */
export class Failure extends Error {
  override readonly name = "Failure";

  /** Kind and details. */
  readonly reason: Reason;

  private constructor(reason: Reason) {
    super("why" in reason && reason.why !== undefined ? `${reason.kind}: ${reason.why}` : reason.kind);
    this.reason = reason;
  }

  /** The CRM did not accept the request and nothing was written. The host retries; the attempt counts. */
  static unavailable(why?: string): Failure {
    return new Failure({ kind: "unavailable", why });
  }

  /**
   * The request was sent and it is not known whether the CRM carried it out. The host invokes `find` before it writes
   * again. Without `find`, it writes again only if writes are idempotent; otherwise the delivery goes to review.
   */
  static unknown(why?: string): Failure {
    return new Failure({ kind: "unknown", why });
  }

  /** The CRM asks to slow down, for this many whole seconds if it gave a number. The attempt does not count. */
  static rateLimited(seconds?: number): Failure {
    return new Failure({ kind: "rate-limited", seconds });
  }

  /** The credentials were refused. The host raises an alert at once and retries. */
  static unauthorized(why?: string): Failure {
    return new Failure({ kind: "unauthorized", why });
  }

  /** The CRM refused the request. A person sees code, message and fields; none may contain personal data. */
  static rejected(code: string, message: string, fields: FieldError[] = []): Failure {
    return new Failure({ kind: "rejected", rejection: { code, message, fields } });
  }

  /** The CRM does not know the lead. */
  static notFound(): Failure {
    return new Failure({ kind: "not-found" });
  }

  /**
   * The CRM's record moved between reading and writing it (an `ETag`, a revision), and nothing was written. Read again and
   * try once more within the invocation first. The host tries again within seconds, without counting.
   */
  static conflict(why?: string): Failure {
    return new Failure({ kind: "conflict", why });
  }
}

/**
 * Runs one GraphQL operation and interprets its answer. The HTTP status says little: atrium answers 200 whatever
 * happened, with `errors` beside `data`, each with a code.
 *
 * | `extensions.code` | failure |
 * | --- | --- |
 * | `UNAUTHENTICATED`, `FORBIDDEN` | `unauthorized` |
 * | `NOT_FOUND` | `not-found` |
 * | `VALIDATION` | `rejected`, with `extensions.fields` |
 * | `THROTTLED` | `rate-limited`, with `extensions.retryAfter` in seconds |
 * | `MAINTENANCE` | `unavailable`: atrium says that nothing was written |
 * | `INTERNAL`, and any other | `unknown`: atrium may have failed after it had stored the call |
 *
 * The reasons of these failures name the code. The errors of the gateway in front of atrium are plain HTTP.
 */

import { Failure, type FieldError, type Host, type Rejection, type Response, url } from "jackfield";

interface GraphqlError {
  message: string;
  code: string;
  fields: FieldError[];
  retryAfter: number | undefined;
}

/** The members of an untrusted object; none for any other value. */
export function members(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/**
 * Runs an operation. `read` returns `undefined` if the data is not sufficient. Data can come with errors about a part
 * of it, and still be used if it has what the adapter needs.
 */
export function ask<T>(
  host: Host,
  query: string,
  variables: Record<string, unknown>,
  read: (data: Record<string, unknown>) => T | undefined,
): T {
  const body = { query: query.replaceAll(/\s+/g, " "), variables };
  const answer = host.post(url(host.required("base_url"), "graphql")).json(body).send();
  if (answer.status === 404) {
    // Not about the lead: atrium would have said so in a 200.
    throw Failure.rejected("http-404", "there is no /graphql at the address in `base_url`");
  }
  const whole = answer.acceptOr(refusal).json(members);
  const [error, ...more] = errors(whole);
  const known = read(members(whole.data));
  if (error) {
    const codes = [error, ...more].map(({ code }) => code).join(" ");
    host.log("warn", known === undefined ? "atrium refused" : "atrium left out a part", { codes });
  }
  if (known !== undefined) return known;
  if (error) throw failure(error);
  throw answer.unreadable("JSON without the data that was asked for");
}

function failure({ code, message, fields, retryAfter }: GraphqlError): Failure {
  const said = `atrium answered ${/^[A-Z_]{1,40}$/.test(code) ? `the error ${code}` : "an error without a code"}`;
  switch (code) {
    case "UNAUTHENTICATED":
    case "FORBIDDEN":
      return Failure.unauthorized(said);
    case "NOT_FOUND":
      return Failure.notFound();
    case "VALIDATION":
      return Failure.rejected(code, message, fields);
    case "THROTTLED":
      return Failure.rateLimited(retryAfter);
    case "MAINTENANCE":
      return Failure.unavailable(said);
    default:
      return Failure.unknown(said);
  }
}

/** Atrium's reason for a 400, its answer to a request that is not GraphQL. */
function refusal(answer: Response): Rejection | undefined {
  try {
    const [error] = errors(members(JSON.parse(answer.text())));
    return error && { code: error.code, message: error.message, fields: error.fields };
  } catch {
    return undefined; // the gateway's own text: the status says enough
  }
}

function errors(whole: Record<string, unknown>): GraphqlError[] {
  const list = Array.isArray(whole.errors) ? whole.errors : [];
  return list.map(members).map(({ message, extensions }) => {
    const { code, fields, retryAfter } = members(extensions);
    return {
      message: String(message ?? ""),
      code: String(code ?? ""),
      fields: (Array.isArray(fields) ? fields : []).map(members).map(({ path, message }) => ({
        field: String(path ?? ""),
        message: String(message ?? ""),
      })),
      retryAfter: typeof retryAfter === "number" && retryAfter >= 0 ? Math.ceil(retryAfter) : undefined,
    };
  });
}

/**
 * JSON with bigints and with numbers as they were sent, so that an amount of money keeps its last digit.
 *
 * @module
 */

/** JSON text that {@link toJson} writes as it is, with all its digits: `1.10`, `100000000000000000000001`. */
export class RawJson {
  readonly text: string;

  /** Throws a `SyntaxError` if the text is not JSON. */
  constructor(text: string) {
    JSON.parse(text);
    this.text = text;
  }
}

/**
 * Like `JSON.parse`, but each number is a {@link RawJson} with the digits that were sent: for what is passed on, in an
 * extension or in the body of a request.
 *
 * @throws {SyntaxError} If it is not JSON.
 */
export function parseExact(text: string): unknown {
  JSON.parse(text);
  // Each string and number becomes a string whose first letter tells them apart; names stay.
  const token = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const marked = text.replaceAll(token, (all: string, string?: string, isName?: string) => {
    if (isName !== undefined) return all;
    return string === undefined ? `"n${all}"` : `"s${string.slice(1)}`;
  });
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== "string") return value;
    return value.startsWith("n") ? new RawJson(value.slice(1)) : value.slice(1);
  });
}

/**
 * `value` as JSON text, like `JSON.stringify`, but a bigint is written as a whole number, and a {@link RawJson} as the
 * text that it is.
 */
export function toJson(value: unknown): string {
  return written(value) ?? "null";
}

function written(value: unknown): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof RawJson) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if ("toJSON" in value && typeof value.toJSON === "function") return written(value.toJSON());
  if (Array.isArray(value)) return `[${value.map((item) => written(item) ?? "null").join(",")}]`;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const text = written(member);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

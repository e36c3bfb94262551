/**
 * JSON with bigints, so that an amount of money keeps its last digit.
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

/**
 * JSON with bigints, so that an amount of money keeps its last digit.
 *
 * @module
 */

/** `value` as JSON text, like `JSON.stringify`, but a bigint is written as a whole number. */
export function toJson(value: unknown): string {
  return written(value) ?? "null";
}

function written(value: unknown): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if ("toJSON" in value && typeof value.toJSON === "function") return written(value.toJSON());
  if (Array.isArray(value)) return `[${value.map((item) => written(item) ?? "null").join(",")}]`;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const text = written(member);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

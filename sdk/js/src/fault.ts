/**
 * Reports an uncaught exception to the host: first the stack, and last the line that the host shows.
 *
 * @module
 */

/**
 * For each line of the bundle, the file and line of its source: `[file, line]`, where file is an index into `files`, or
 * 0 for none. The build adds it to the bundle.
 */
interface Lines {
  files: string[];
  lines: (0 | [number, number])[];
}

/** The only part of a console that a component has: standard error. */
const stderr = (globalThis as unknown as { console: { error(text: string): void } }).console;

/** The property where the build stores {@link Lines}. */
const LINES = Symbol.for("jackfield.lines");

/**
 * Writes an exception to standard error: its stack in the author's own files, and then `TypeError: … (file:line in f)`.
 * That line is marked as the last words, which the host shows, because the engine prints its own frames after it.
 */
export function report(thrown: unknown): void {
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `thrown: ${String(thrown)}`;
  const frames = thrown instanceof Error ? framesOf(thrown.stack ?? "") : [];
  const trace = frames.map(({ name, place }) => `    at ${name} (${place})`);
  // The SDK's own files are vendored; a mistake that an author can fix is in a file of the project.
  const own = frames.find((frame) => frame.place.includes(":") && !frame.sdk) ?? frames[0];
  const where = own ? ` (${own.place} in ${own.name})` : "";
  stderr.error([...trace, `last words: ${message.replaceAll(/\s+/g, " ")}${where}`].join("\n"));
}

interface Frame {
  name: string;
  place: string;
  sdk: boolean;
}

/** The frames of a SpiderMonkey stack, `name@file:line:column`, that belong to the adapter. */
function framesOf(stack: string): Frame[] {
  const table = (globalThis as { [LINES]?: Lines })[LINES];
  return stack.split("\n").flatMap((text) => {
    const [, name, line] = /^(.*?)@.*?:(\d+):\d+$/.exec(text) ?? [];
    const made = line === undefined ? undefined : table?.lines[Number(line) - 1];
    if (!made) return [];
    const file = table?.files[made[0]] ?? "";
    return [{ name: name || "module", place: `${file}:${made[1]}`, sdk: file.startsWith("jackfield/") }];
  });
}

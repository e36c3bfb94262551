/**
 * Telling the host of an exception that nobody caught: the stack first, and last the line that the host shows.
 *
 * @module
 */

/**
 * Of each line of the bundle, from the first: the file and line of the source that it was made of, as `[file, line]`
 * with the file as an index into `files`, or 0 for none. The build puts it here.
 */
interface Lines {
  files: string[];
  lines: (0 | [number, number])[];
}

/** All that a component has of a console: standard error. */
const stderr = (globalThis as unknown as { console: { error(text: string): void } }).console;

/** Where the build leaves {@link Lines}. */
const LINES = Symbol.for("jackfield.lines");

/**
 * Writes an exception to standard error: its stack in the author's own files, and then `TypeError: … (file:line in f)`, marked
 * as the last words that the host shows: the engine tells its own frames after them.
 */
export function tell(thrown: unknown): void {
  const told = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `thrown: ${String(thrown)}`;
  const frames = thrown instanceof Error ? framesOf(thrown.stack ?? "") : [];
  const trace = frames.map(({ name, place }) => `    at ${name} (${place})`);
  // The SDK's own files are vendored; what an author can mend is in a file of the project.
  const own = frames.find((frame) => frame.place.includes(":") && !frame.sdk) ?? frames[0];
  const where = own ? ` (${own.place} in ${own.name})` : "";
  stderr.error([...trace, `last words: ${told.replaceAll(/\s+/g, " ")}${where}`].join("\n"));
}

interface Frame {
  name: string;
  place: string;
  sdk: boolean;
}

/** The frames of a SpiderMonkey stack, `name@file:line:column`, as far as they are the adapter's. */
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

// Builds an adapter's component from TypeScript: bundles it with the SDK, and embeds it into a JavaScript engine.
//
// The kit runs this in the folder where its packages are installed: node build.mjs '{"step": …}'. Errors for the author
// are written to standard error, without a stack of this program.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, resolve, sep } from "node:path";

const order = JSON.parse(process.argv[2] ?? "{}");
// Links are resolved, because the bundler reports real paths.
const project = realpathSync(order.project);
const sdk = realpathSync(order.sdk);
/** How an adapter's module ends. */
const END = "export default adapter({ … })";
/** The module that connects the adapter with the contract's exports. */
const ENTRY = "jackfield-entry.js";
const steps = { dependencies, types, testTypes, bundle, component, test };

try {
  await steps[order.step]();
} catch (error) {
  // The bundler colours its errors even where no terminal shows them.
  process.stderr.write(`${String(error?.message ?? error).replace(/\x1b\[[0-9;]*m/g, "")}\n`);
  process.exitCode = 1;
}

/** Installs the project's own dependencies, if it has any and they are missing or outdated. */
function dependencies() {
  const manifest = join(project, "package.json");
  const { dependencies = {} } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {};
  const time = (file) => (existsSync(join(project, file)) ? statSync(join(project, file)).mtimeMs : 0);
  const installed = time("node_modules/.package-lock.json");
  if (Object.keys(dependencies).length === 0 || installed > Math.max(time("package-lock.json"), time("package.json"))) return;
  runs(order.npm, [time("package-lock.json") > 0 ? "ci" : "install", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Checks the types of a project. */
function types() {
  tsc("-p", project);
}

/** Checks the types of a project's tests, which run in Node.js and may use its API. */
function testTypes() {
  const nodeTypes = join(import.meta.dirname, "node_modules/@types");
  tsc("-p", join(project, "tests"), "--types", "node", "--typeRoots", nodeTypes);
}

function tsc(...args) {
  const program = createRequire(import.meta.url).resolve("typescript/package.json").replace(/package\.json$/, "bin/tsc");
  runs(process.execPath, [program, "--noEmit", "--pretty", "false", ...args]);
}

/** Runs a program in the project; its failure becomes this program's. */
function runs(program, args, env = process.env) {
  const { status } = spawnSync(program, args, { cwd: project, env, stdio: ["ignore", "inherit", "inherit"] });
  process.exitCode = status ?? 1;
}

/** Bundles the adapter and the SDK into one module, and records the source of each of its lines. */
async function bundle() {
  const adapter = ["src/adapter.ts", "src/adapter.js"].map((file) => join(project, file)).find(existsSync);
  if (!adapter) throw new Error(`there is no src/adapter.ts and no src/adapter.js: it should \`${END}\``);
  const names = ["about", "status", "dispositions", ...order.exports];
  const entry = `import adapter from ${JSON.stringify(adapter)};
import { component } from "jackfield/component";
export const { ${names.join(", ")} } = component(adapter, ${JSON.stringify(order.exports)});
`;
  const { code, map } = await bundled(ENTRY, [], entry).catch((error) => {
    const forgotten = /"default" is not exported/.test(error?.message) && error.message.includes(ENTRY);
    throw forgotten ? new Error(`${relative(project, adapter)} has no default export: end it with \`${END}\``) : error;
  });
  await writeFile(join(order.work, "adapter.js"), `${code}\n${origins(map)}\n`);
}

/** Embeds the bundle into the engine, as a component of the project's world. */
async function component() {
  const { componentize } = await import("@bytecodealliance/componentize-js");
  // The adapter uses the contract's own HTTP import; the engine's `fetch` would import all of wasi:http.
  const made = await componentize({
    sourcePath: join(order.work, "adapter.js"),
    witPath: order.wit,
    worldName: order.world,
    disableFeatures: ["http", "fetch-event"],
  }).catch((error) => {
    // What the SDK says of an export that is missing is a sentence, and needs no stack.
    const [, missing] = /never handled: (.+)\nStack:\s*checkExport@/.exec(error?.message) ?? [];
    throw missing ? new Error(missing) : error;
  });
  await writeFile(order.out, made.component);
}

/** Runs a project's native tests, tests/*.test.ts, in Node's own runner. */
async function test() {
  const folder = join(project, "tests");
  const files = readdirSync(folder).filter((file) => /\.test\.[tj]s$/.test(file));
  if (files.length === 0) throw new Error(`${folder} has no *.test.ts`);
  const built = [];
  for (const file of files) {
    const out = join(order.work, file.replace(/\.[tj]s$/, ".mjs"));
    const { code } = await bundled(join(folder, file), [/^node:/]);
    await writeFile(out, code);
    built.push(out);
  }
  // With this variable, which a test of the kit may have set, the runner acts as part of another run.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  runs(process.execPath, ["--test", "--test-reporter=spec", ...built], env);
}

/** Bundles a module, with `text` if it is not a file: the bundle does not depend on the folder of the build. */
async function bundled(input, external, text) {
  const { rolldown } = await import("rolldown");
  const modules = {
    jackfield: "src/index.ts",
    "jackfield/component": "src/component.ts",
    "jackfield/testing": "testing/index.ts",
  };
  const sdkModules = {
    name: "jackfield",
    resolveId: (id) => (id in modules ? join(sdk, modules[id]) : id === ENTRY ? id : null),
    load: (id) => (id === ENTRY ? text : null),
  };
  const warnings = [];
  const build = await rolldown({
    input,
    cwd: project,
    external: [/^jackfield:crm\//, ...external],
    platform: "neutral",
    // Packages of the project are imported by their ES module entry.
    resolve: { mainFields: ["module", "main"] },
    plugins: [sdkModules],
    onLog: (level, log) => level === "warn" && warnings.push(log.message),
  });
  const { output } = await build.generate({ format: "esm", sourcemap: true, codeSplitting: false });
  await build.close();
  // Such as a module that was not found, which a component cannot import at run time.
  if (warnings.length > 0) throw new Error(warnings.join("\n"));
  return output[0];
}

/** The statement that gives `fault.ts` the file and line of each line of the bundle; it is the last line. */
function origins(map) {
  const names = map.sources.map((source) => {
    // The bundle has no file, so sources are relative to the bundler's default folder.
    const path = resolve(project, "dist", source);
    const [root, under] = path.startsWith(sdk + sep) ? [join(sdk, "src"), "jackfield/"] : [project, ""];
    return under + relative(root, path).split(sep).join("/");
  });
  const lines = [];
  let [file, line] = [0, 0];
  for (const row of map.mappings.split(";")) {
    let first = 0;
    for (const segment of row.split(",").filter(Boolean)) {
      const [, fileStep, lineStep] = numbers(segment);
      if (fileStep === undefined) continue;
      file += fileStep;
      line += lineStep;
      first ||= [file, line + 1];
    }
    lines.push(first);
  }
  return `globalThis[Symbol.for("jackfield.lines")] = ${JSON.stringify({ files: names, lines })};`;
}

/** The numbers of a source map's segment: base 64, five bits per digit, lowest first; the lowest bit is the sign. */
function numbers(segment) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const read = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = digits.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit < 32) {
      read.push(value & 1 ? -(value >>> 1) : value >>> 1);
      [value, shift] = [0, 0];
    }
  }
  return read;
}

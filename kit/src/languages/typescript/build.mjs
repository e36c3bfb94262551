// From an adapter's TypeScript to its component: bundle it with the SDK, then put it into a JavaScript engine.
//
// The kit runs this in the folder where its packages are installed: node build.mjs '{"step": …}'. What is wrong is
// written to standard error, for the author; a stack of this program would only hide it.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, resolve, sep } from "node:path";

const order = JSON.parse(process.argv[2] ?? "{}");
// Links resolved, since the bundler tells of files by where they really are.
const project = realpathSync(order.project);
const sdk = realpathSync(order.sdk);
const steps = { dependencies, types, testTypes, bundle, component, test };

try {
  await steps[order.step]();
} catch (error) {
  process.stderr.write(`${error?.message ?? error}\n`);
  process.exitCode = 1;
}

/** Installs what the project itself depends on, if it does and that is not there as its lock file has it. */
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

/** Checks the types of a project's tests, which run in Node.js and may use what it has. */
function testTypes() {
  const nodeTypes = join(import.meta.dirname, "node_modules/@types");
  tsc("-p", join(project, "tests"), "--types", "node", "--typeRoots", nodeTypes);
}

function tsc(...args) {
  const program = createRequire(import.meta.url).resolve("typescript/package.json").replace(/package\.json$/, "bin/tsc");
  runs(process.execPath, [program, "--noEmit", "--pretty", "false", ...args]);
}

/** Runs a program in the project; its failure is this program's. */
function runs(program, args, env = process.env) {
  const { status } = spawnSync(program, args, { cwd: project, env, stdio: ["ignore", "inherit", "inherit"] });
  process.exitCode = status ?? 1;
}

/** Bundles the adapter and the SDK into one module, and notes of each of its lines what it was made of. */
async function bundle() {
  const adapter = ["src/adapter.ts", "src/adapter.js"].map((file) => join(project, file)).find(existsSync);
  if (!adapter) throw new Error("there is no src/adapter.ts and no src/adapter.js: it should `export default adapter({ … })`");
  const entry = join(order.work, "entry.js");
  const names = ["about", "status", "dispositions", ...order.exports];
  await writeFile(
    entry,
    `import adapter from ${JSON.stringify(adapter)};
import { component } from "jackfield/component";
export const { ${names.join(", ")} } = component(adapter, ${JSON.stringify(order.exports)});
`,
  );
  const { code, map } = await bundled(entry, []);
  await writeFile(join(order.work, "adapter.js"), `${code}\n${origins(map)}\n`);
}

/** Puts the bundle into the engine, as a component of the contract's world. */
async function component() {
  const { componentize } = await import("@bytecodealliance/componentize-js");
  // The adapter speaks HTTP by the contract's own import, and the engine's `fetch` would bring in all of wasi:http.
  const made = await componentize({
    sourcePath: join(order.work, "adapter.js"),
    witPath: order.wit,
    worldName: order.world,
    disableFeatures: ["http", "fetch-event"],
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
  // The runner takes itself for a part of another run when a test of the kit is what started it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  runs(process.execPath, ["--test", "--test-reporter=spec", ...built], env);
}

async function bundled(input, external) {
  const { rolldown } = await import("rolldown");
  const modules = {
    jackfield: "src/index.ts",
    "jackfield/component": "src/component.ts",
    "jackfield/testing": "testing/index.ts",
  };
  const sdkModules = {
    name: "jackfield",
    resolveId: (id) => (id in modules ? join(sdk, modules[id]) : null),
  };
  const warnings = [];
  const build = await rolldown({
    input,
    cwd: project,
    external: [/^jackfield:crm\//, ...external],
    platform: "neutral",
    // A package of the project's own is taken by its modern entry.
    resolve: { mainFields: ["module", "main"] },
    plugins: [sdkModules],
    onLog: (level, log) => level === "warn" && warnings.push(log.message),
  });
  const { output } = await build.generate({ format: "esm", sourcemap: true, codeSplitting: false });
  await build.close();
  // Such as a module that was not found and is left for a run time that has none.
  if (warnings.length > 0) throw new Error(warnings.join("\n"));
  return output[0];
}

/** The statement that tells `fault.ts` of each line of the bundle its file and line; on a line of its own, the last. */
function origins(map) {
  const names = map.sources.map((source) => {
    // Without a file of its own, the bundle counts as one in the bundler's default folder.
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

/** The numbers of a source map's segment: base 64, five bits a digit, the lowest first, the last bit the sign. */
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

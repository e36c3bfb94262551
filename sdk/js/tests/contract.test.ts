/** The SDK's records are the contract's: the same members, of the same types, optional where the contract says so. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Failure } from "../src/failure.ts";
import { OUTCOMES } from "../src/model.ts";
import * as wire from "../src/wire.ts";

const wit = ["model", "exports", "imports"].map((file) => readFileSync(`../../wit/${file}.wit`, "utf8")).join("\n");

const camel = (kebab: string) => kebab.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The lines inside the braces after `head`, without comments. */
function block(text: string, head: string): string[] {
  const bare = text.replaceAll(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, "");
  const at = bare.indexOf(`${head} {`);
  assert.notEqual(at, -1, head);
  const inside = bare.slice(bare.indexOf("{", at) + 1, bare.indexOf("}", at));
  return inside.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** A WIT record's members: the name in TypeScript, and the type in TypeScript. */
function members(record: string): string[] {
  const types: Record<string, string> = { string: "string", bool: "boolean", u32: "number", s64: "bigint", "list<u8>": "Uint8Array" };
  return block(wit, `record ${record}`).map((line) => {
    const [, name = "", type = ""] = /^([a-z0-9-]+): (.*),$/.exec(line) ?? [];
    const [, inner] = /^option<(.*)>$/.exec(type) ?? [];
    const [, item] = /^list<(?!u8)(.*)>$/.exec(type) ?? [];
    const base = item ?? inner ?? type;
    const pascal = camel(`-${base}`);
    return `${camel(name)}${inner ? "?" : ""}: ${types[base] ?? pascal}${item ? "[]" : ""};`;
  });
}

for (const [file, record, lax] of [
  ["model", "extension", []],
  ["model", "qualification", []],
  ["model", "site-visit", []],
  ["model", "disposition", []],
  ["model", "lead-status", ["dnc", "humanContacted", "extensions"]],
  ["model", "receipt", []],
  ["model", "lead", ["callPriority", "extensions"]],
  ["model", "inbound", []],
  ["failure", "field-error", []],
  ["failure", "rejection", ["fields"]],
  ["describe", "setting", []],
] as const) {
  test(`${record} has the contract's members`, () => {
    const source = readFileSync(`src/${file}.ts`, "utf8");
    const expected = members(record).map((line) => {
      const name = line.slice(0, line.indexOf(":"));
      // What an adapter returns may omit members, which then mean `false` or nothing.
      return (lax as readonly string[]).includes(name) ? line.replace(":", "?:") : line;
    });
    assert.deepEqual(block(source, `export interface ${camel(`-${record}`)}`), expected);
  });
}

test("the outcomes are the contract's", () => {
  const tags = block(wit, "variant outcome").map((line) => line.replace(/[,(].*/, ""));
  assert.deepEqual(tags, [...OUTCOMES.map((outcome) => outcome.replaceAll("_", "-")), "other"]);
});

test("the failures are the contract's", () => {
  const tags = block(wit, "variant failure").map((line) => line.replace(/[,(].*/, ""));
  const made = [
    Failure.unavailable(),
    Failure.unknown(),
    Failure.rateLimited(3),
    Failure.unauthorized(),
    Failure.rejected("E1", "no"),
    Failure.notFound(),
    Failure.conflict("the revision moved"),
  ].map(wire.failure);
  assert.deepEqual(made.map(({ tag }) => tag), tags);
  assert.deepEqual(made[0], { tag: "unavailable", val: undefined });
  assert.deepEqual(made[6], { tag: "conflict", val: "the revision moved" });
  assert.deepEqual(made[2], { tag: "rate-limited", val: 3 });
  assert.deepEqual(made[4], { tag: "rejected", val: { code: "E1", message: "no", fields: [] } });
});

test("the kinds of settings and the levels of the log are the contract's", () => {
  const union = (file: string, name: string) => {
    const [, cases = ""] = new RegExp(`export type ${name} = (.*);`).exec(readFileSync(`src/${file}.ts`, "utf8")) ?? [];
    return cases.split(" | ").map((word) => `${JSON.parse(word)},`);
  };
  assert.deepEqual(union("describe", "SettingKind"), block(wit, "enum setting-kind"));
  assert.deepEqual(union("host", "Level"), block(wit, "enum level"));
  assert.deepEqual(union("model", "Priority"), block(wit, "enum priority"));
});

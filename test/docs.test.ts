// What README and docs/ promise is there: methods and events of the protocol, settings, files they point at, commands
// they name. Reads the documents as Markdown, so that only what a reader sees counts.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseEnv } from "node:util";
import { marked, type Token, type Tokens } from "marked";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { EVENTS, METHODS, type MethodName } from "../src/contract/methods.ts";
import { settingsSchema } from "../src/contract/settings.ts";

const ROOT = resolve(import.meta.dirname, "..");
const paths = ["README.md", "AGENTS.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith(".md"),
);
const documents = paths.map((path) => ({ path, tokens: marked.lexer(readFileSync(join(ROOT, path), "utf8")) }));

function tokensOf(path: string): Token[] {
  const found = documents.find((document) => document.path === path);
  if (!found) throw new Error(`There is no ${path}.`);
  return found.tokens;
}

/** All tokens, those inside others too. */
function flatten(tokens: readonly Token[]): Token[] {
  const flat: Token[] = [];
  marked.walkTokens([...tokens], (token) => {
    flat.push(token);
  });
  return flat;
}

/** What stands between a heading and the next one of its depth or above. */
function sectionOf(path: string, title: string): Token[] {
  const tokens = tokensOf(path);
  const start = tokens.findIndex((token) => token.type === "heading" && token.text === title);
  const heading = tokens[start] as Tokens.Heading | undefined;
  if (!heading) throw new Error(`${path} has no section "${title}".`);
  const rest = tokens.slice(start + 1);
  const end = rest.findIndex((token) => token.type === "heading" && token.depth <= heading.depth);
  return end < 0 ? rest : rest.slice(0, end);
}

/** The rows of all tables: the first code of the first cell, and the texts of the others. */
function rowsOf(tokens: readonly Token[]): { name: string; cells: string[] }[] {
  return tokens
    .filter((token): token is Tokens.Table => token.type === "table")
    .flatMap((table) =>
      table.rows.map((row) => ({
        name: flatten(row[0]?.tokens ?? []).find((token): token is Tokens.Codespan => token.type === "codespan")?.text ?? "",
        cells: row.map((cell) => cell.text),
      })),
    );
}

function codesOf(tokens: readonly Token[]): string[] {
  return flatten(tokens).flatMap((token) => (token.type === "codespan" ? [token.text] : []));
}

/** Parameters in a cell of a table of methods: `name`, or `name?`. What stands in brackets explains. */
function paramsOf(cell: string): { param: string; isOptional: boolean }[] {
  const matches = [...cell.replace(/\([^)]*\)/g, "").matchAll(/`(\w+)(\??)`/g)];
  return matches.map(([, param = "", mark]) => ({ param, isOptional: mark === "?" }));
}

describe("docs/protocol.md", () => {
  const methods = rowsOf(sectionOf("docs/protocol.md", "Methods"));
  const events = rowsOf(sectionOf("docs/protocol.md", "Events"));

  test("lists every method once, and nothing that is none", () => {
    expect(methods.map(({ name }) => name).sort()).toEqual(Object.keys(METHODS).sort());
  });

  test("names the scope that a method really needs", () => {
    const scopeOf = (cell = "") => (cell === "node" ? cell : `operator.${cell}`);
    const told = Object.fromEntries(methods.map(({ name, cells }) => [name, scopeOf(cells[1])]));
    const real = Object.fromEntries((Object.keys(METHODS) as MethodName[]).map((name) => [name, METHODS[name].scope]));
    expect(told).toEqual(real);
  });

  test("names every parameter that a method needs, marks those that may be left out, and names none that is not read", () => {
    const wrong = methods.flatMap(({ name, cells }) => {
      const params: Record<string, z.ZodType> = METHODS[name as MethodName].params.shape;
      const isNeeded = (param: string) => params[param]?.safeParse(undefined).success === false;
      const cell = cells.length === 4 ? (cells[2] ?? "") : "";
      const model = /as `([\w.]+)`/.exec(cell)?.[1];
      const told = [...paramsOf(cell), ...paramsOf(methods.find((row) => row.name === model)?.cells[2] ?? "")];
      return [
        ...paramsOf(cell)
          .filter(({ param }) => !Object.hasOwn(params, param))
          .map(({ param }) => `${name}: ${param} is not read`),
        ...told
          .filter(({ param, isOptional }) => isOptional && isNeeded(param))
          .map(({ param }) => `${name}: ${param} is needed`),
        ...Object.keys(params)
          .filter((param) => isNeeded(param) && !told.some((one) => one.param === param))
          .map((param) => `${name}: ${param} is not told`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test("lists every event once, and nothing that is none", () => {
    expect(events.map(({ name }) => name).sort()).toEqual([...EVENTS].sort());
  });
});

describe("docs/settings.md", () => {
  const keys = keysOf(z.toJSONSchema(settingsSchema, { unrepresentable: "any" }));
  const section = sectionOf("docs/settings.md", "The document");

  test("names every key of the settings", () => {
    const told = codesOf(section).flatMap((code) => code.split(/[\s.,[\]{}<>]+/));
    expect([...keys].filter((key) => !told.includes(key))).toEqual([]);
  });

  test("names no key that is none", () => {
    const told = section
      .flatMap((token) => (token.type === "table" ? (token as Tokens.Table).rows : []))
      .flatMap((row) => codesOf(row[0]?.tokens ?? []));
    const names = told.flatMap((code) => code.replace(/<\w+>|\[\]/g, "").split(".")).filter((name) => name !== "");
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !keys.has(name))).toEqual([]);
  });
});

test("the button of the README leads to the repository that package.json names, with a description of each secret", () => {
  const about = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const links = flatten(tokensOf("README.md")).flatMap((token) => (token.type === "link" ? [String(token.href)] : []));
  expect(links).toContain(`https://deploy.workers.cloudflare.com/?url=${about.repository}`);
  const example = parseEnv(readFileSync(join(ROOT, ".dev.vars.example"), "utf8"));
  // A value here would be the token of everybody who leaves the form as it is.
  expect(example).toEqual({ SKERRY_TOKEN: "" });
  expect(Object.keys(about.cloudflare.bindings)).toEqual(expect.arrayContaining(Object.keys(example)));
});

/** Every name of a property anywhere in a JSON schema. */
function keysOf(schema: unknown, keys = new Set<string>()): Set<string> {
  if (typeof schema !== "object" || schema === null) return keys;
  for (const [name, value] of Object.entries(schema)) {
    if (name === "properties") for (const key of Object.keys(value)) keys.add(key);
    keysOf(value, keys);
  }
  return keys;
}

describe.each(documents)("$path", ({ path, tokens }) => {
  const flat = flatten(tokens);

  test("leads only to files and headings that exist", () => {
    const links = flat.flatMap((token) => (token.type === "link" || token.type === "image" ? [String(token.href)] : []));
    expect(links.filter((link) => !/^[a-z]+:/i.test(link)).filter((link) => !leadsSomewhere(path, link))).toEqual([]);
  });

  test("names only commands that exist", () => {
    const texts = flat.flatMap((token) => (token.type === "code" || token.type === "codespan" ? [token.text] : [])).join("\n");
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };
    const files = readdirSync(join(ROOT, "src/bridge/cli"), { recursive: true, encoding: "utf8" });
    const sources = files
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(ROOT, "src/bridge/cli", name), "utf8"));
    const commands = [...sources.join("\n").matchAll(/\.command\("([a-z-]+)"\)/g)].map((match) => match[1]);
    expect(commands).toContain("chat");
    const scriptless = [...texts.matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g)].map((match) => match[1] ?? match[2] ?? "");
    const commandless = [...texts.matchAll(/npx skerry ([a-z][a-z-]*)/g)].map((match) => match[1] ?? "");
    expect(scriptless.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    expect(commandless.filter((name) => !commands.includes(name))).toEqual([]);
  });
});

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? from : relative(ROOT, resolve(ROOT, dirname(from), file));
  if (target.startsWith("..") || !existsSync(join(ROOT, target))) return false;
  return anchor === undefined || !paths.includes(target) || anchorsOf(target).includes(anchor);
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  const strip = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return tokensOf(path).flatMap((token) => (token.type === "heading" ? [strip(token.text).replace(/\s/g, "-")] : []));
}

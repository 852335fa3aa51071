// The page of the design leaves nothing out: every view that the page's modules hand to each other is drawn on it. That
// every component and class stands there is seen in a browser (journeys/design.test.ts).
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const WEB = resolve(import.meta.dirname, "../../src/web");
const paths = readdirSync(WEB, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
const read = (path: string) => readFileSync(join(WEB, path), "utf8");
const design = paths.filter((path) => path.startsWith("design/")).map(read);

/** Functions that answer a drawing, constants of that kind, and what opens a dialog. */
function viewsOf(text: string): string[] {
  if (!text.includes("html`")) return [];
  const drawn = text.matchAll(/^export function (\w+)\([^{]*\): (?:TemplateResult|unknown)\b/gm);
  const rooms = text.matchAll(/^export const (\w+)(?:: RoomView)? = \([^)]*\)(?:: TemplateResult)? =>/gm);
  const opened = /showModal\(\)|putQuestion\(/.test(text) ? text.matchAll(/^export function (\w+)\(/gm) : [];
  return [...drawn, ...rooms, ...opened].map(([, name = ""]) => name);
}

const views = paths
  .filter((path) => /^(?:components|control)\//.test(path))
  .flatMap((path) => viewsOf(read(path)).map((name) => ({ path, name })));

const parts = paths.filter((path) => path.startsWith("control/parts/"));

describe("the page of the design", () => {
  test("finds the views there are", () => {
    const names = views.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "ask",
        "badgeOf",
        "busy",
        "openLightbox",
        "renderMedia",
        "reviewChange",
        "showDiff",
        "showField",
        "showUsage",
      ]),
    );
  });

  test("draws every view", () => {
    const missing = views.filter(({ name }) => !design.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
    expect(missing.map(({ path, name }) => `${path}: ${name}`)).toEqual([]);
  });

  test("draws with every class of the control parts that draws", () => {
    const classes = parts.flatMap((path) => {
      const text = read(path);
      return text.includes("html`") ? Array.from(text.matchAll(/^export class (\w+)/gm), ([, name = ""]) => name) : [];
    });
    expect(classes).toContain("Fetched");
    expect(classes.filter((name) => !design.some((text) => text.includes(`new ${name}`)))).toEqual([]);
  });

  test("has every room of the control side", () => {
    const rooms = Array.from(read("control/rooms.ts").matchAll(/import\("\.\/([\w/-]+\.ts)"\)/g), ([, path = ""]) => path);
    expect(rooms.length).toBeGreaterThan(7);
    const drawn = read("design/shows/rooms.ts");
    expect(rooms.filter((path) => !drawn.includes(`../../control/${path}`))).toEqual([]);
  });

  test("is no part of the page itself", () => {
    const users = paths.filter(
      (path) => !path.startsWith("design/") && /from "[./]*\/design\/|import\("[./]*\/design\//.test(read(path)),
    );
    expect(users).toEqual([]);
  });
});

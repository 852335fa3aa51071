// The style sheets speak in tokens: colours, sizes of letters and times are named in tokens.css and nowhere else. And a
// class belongs to one sheet: the sheets of rooms stay in the page once they were opened, and would change each other.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const WEB = resolve(import.meta.dirname, "../../src/web");
const TOKENS = "styles/tokens.css";

const sheets = readdirSync(WEB, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".css"))
  .map((path) => ({ path, text: readFileSync(join(WEB, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "") }));
const others = sheets.filter(({ path }) => path !== TOKENS);
const tokens = sheets.find(({ path }) => path === TOKENS)?.text ?? "";

/** Names that a script writes at an element: what a swatch shows. */
const written = readdirSync(WEB, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) =>
    Array.from(readFileSync(join(WEB, path), "utf8").matchAll(/setProperty\("(--[\w-]+)"/g), ([, name = ""]) => name),
  );

/** Every `property: value` of a sheet. */
function declarationsOf(text: string): { property: string; value: string }[] {
  const found = text.matchAll(/(?:^|[{;])\s*([\w-]+):([^;{}]+)(?=[;}])/g);
  return Array.from(found, ([, property = "", value = ""]) => ({ property, value: value.replace(/\s+/g, " ").trim() }));
}

function findWrong(isWrong: (property: string, value: string) => boolean): string[] {
  return others.flatMap(({ path, text }) =>
    declarationsOf(text)
      .filter(({ property, value }) => isWrong(property, value))
      .map(({ property, value }) => `${path}: ${property}: ${value}`),
  );
}

const COLOUR = /#[0-9a-f]{3,8}\b|\b(?:oklch|oklab|lch|lab|rgba?|hsla?|hwb|color|light-dark)\(/i;
const COLOURED = /color|background|fill|stroke|border|outline|shadow/;
const NAMED = /\b(?:white|black|gr[ae]y|silver|red|green|blue|yellow|orange|purple|pink|brown|teal|navy)\b/;

describe("the style sheets", () => {
  test("are read", () => {
    expect(others.length).toBeGreaterThan(15);
    expect(declarationsOf(".a { color: red; margin: 0 }\n.b { top: 1px; }")).toEqual([
      { property: "color", value: "red" },
      { property: "margin", value: "0" },
      { property: "top", value: "1px" },
    ]);
  });

  test("name every colour by its token", () => {
    expect(findWrong((property, value) => COLOUR.test(value) || (COLOURED.test(property) && NAMED.test(value)))).toEqual([]);
  });

  test("size letters by the scale, or in proportion to what is around them", () => {
    const isSized = (property: string) => property === "font-size" || property === "font";
    const isOnScale = (value: string) => /var\(--(?:text-[a-z]+|shown)\)|^inherit$|(?:^| )[\d.]+em\b/.test(value);
    expect(findWrong((property, value) => isSized(property) && !isOnScale(value))).toEqual([]);
  });

  test("take letters and shadows from the tokens", () => {
    expect(findWrong((property, value) => property === "font-family" && !/^(?:var\(--\w+\)|inherit)$/.test(value))).toEqual([]);
    expect(
      findWrong(
        (property, value) => property === "box-shadow" && !/^(?:none|var\(--(?:shadow[\w-]*|shown)\)|inset 0 0 0)/.test(value),
      ),
    ).toEqual([]);
  });

  test("change at one of the two speeds", () => {
    const isStep = (value: string) => /(?:^|[\s,])[\d.]+m?s\b/.test(value.replaceAll(/\b0s\b/g, ""));
    expect(findWrong((property, value) => property.startsWith("transition") && isStep(value))).toEqual([]);
  });

  test("name no token that is none, and no token is left that nobody names", () => {
    const known = new Set(Array.from(tokens.matchAll(/(--[\w-]+):/g), ([, name]) => name));
    for (const name of written) known.add(name);
    const named = new Set(sheets.flatMap(({ text }) => Array.from(text.matchAll(/var\((--[\w-]+)/g), ([, name]) => name)));
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => !named.has(name))).toEqual([]);
    expect(written.length).toBe(2);
  });

  test("do not share a class", () => {
    const homes = new Map<string, Set<string>>();
    // Inside a frame of the design page a case is given its room: that sheet never meets the page. The last layer makes
    // what one presses large enough, wherever it stands.
    const forAll = ["design/specimen.css", "styles/touch.css"];
    for (const { path, text } of sheets.filter((sheet) => !forAll.includes(sheet.path))) {
      for (const [, selector = ""] of text.matchAll(/(?:^|[{},])\s*\.([a-z][\w-]*)\s*(?=[,{])/g)) {
        homes.set(selector, (homes.get(selector) ?? new Set()).add(path));
      }
    }
    expect(homes.size).toBeGreaterThan(200);
    const twice = [...homes].filter(([, paths]) => paths.size > 1).map(([name, paths]) => `.${name}: ${[...paths].join(", ")}`);
    expect(twice).toEqual([]);
  });
});

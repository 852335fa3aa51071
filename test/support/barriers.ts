// What axe finds on a page: serious and critical findings, in few words.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** `rules`: these alone; all when absent. */
export async function findBarriers(tab: Page, rules?: readonly string[]): Promise<string[]> {
  // The policy of the page forbids added scripts; the debugger may still evaluate.
  if (!(await tab.evaluate(() => "axe" in globalThis))) await tab.evaluate(AXE);
  return tab.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Finding[] }> } };
    interface Finding {
      id: string;
      impact: string;
      nodes: { html: string }[];
    }
    const { violations } = await axe.run({ resultTypes: ["violations"], ...(only ? { runOnly: [...only] } : {}) });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  }, rules);
}

// `npm run bench`: measures every local figure against a scripted model, beside an installed OpenClaw if there is one,
// and writes docs/benchmark.md. `--quick` and `--only <names>` print the table instead; `--list` names the groups.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { FigureId } from "./figures.ts";
import { FIGURES } from "./figures.ts";
import { readMachine } from "./machine.ts";
import { BenchModel } from "./model.ts";
import { writePage } from "./page-text.ts";
import { bridge, sandbox } from "./scenarios/bridge.ts";
import { browser } from "./scenarios/browser.ts";
import { channels } from "./scenarios/channels.ts";
import { footprint } from "./scenarios/footprint.ts";
import { history } from "./scenarios/history.ts";
import { homeChannels } from "./scenarios/home-channels.ts";
import { latency } from "./scenarios/latency.ts";
import { killing, starting } from "./scenarios/lifecycle.ts";
import { lighthouse } from "./scenarios/lighthouse.ts";
import { load } from "./scenarios/load.ts";
import { page } from "./scenarios/page.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { streaming } from "./scenarios/streaming.ts";
import { workerStart } from "./scenarios/worker-start.ts";
import { summarize } from "./statistics.ts";
import { findOpenClaw } from "./subjects/openclaw.ts";
import { ensureBuilt, ROOT, skerry } from "./subjects/skerry.ts";
import { makeFolder, type Subject } from "./subjects/subject.ts";
import { formatValue, type Peer, type Reading, type Report, type Section, writeSection, writeTable } from "./table.ts";

/** A gateway beside Skerry gets less time: it is slower, and shown for comparison only. */
const OWN_LIMIT_MS = 60_000;
const PEER_LIMIT_MS = 30_000;

const SCENARIOS: readonly Scenario[] = [
  latency,
  streaming,
  load,
  history,
  starting,
  killing,
  footprint,
  workerStart,
  channels,
  bridge,
  homeChannels,
  sandbox,
  browser,
  page,
  lighthouse,
];

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    "no-openclaw": { type: "boolean", default: false },
  },
});

if (values.list) {
  for (const { name, figures } of SCENARIOS) console.log(`${name.padEnd(13)} ${figures.join(", ") || "a table of its own"}`);
} else {
  const wanted = values.only?.flatMap((names) => names.split(","));
  const unknown = wanted?.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`There is no group named ${unknown.join(", ")}. \`npm run bench -- --list\` names them all.`);
    process.exitCode = 1;
  } else
    await bench(
      SCENARIOS.filter((scenario) => wanted?.includes(scenario.name) ?? true),
      wanted === undefined,
    );
}

async function bench(scenarios: readonly Scenario[], isWhole: boolean): Promise<void> {
  const machine = readMachine(makeFolder());
  if (machine.isBusy) tell(`The machine is busy (load ${machine.load.toFixed(1)}): figures will be worse than on a quiet one.`);
  const model = await BenchModel.start();
  try {
    ensureBuilt();
    const own = await measure(skerry(model.url), scenarios, model, OWN_LIMIT_MS);
    const found = values["no-openclaw"] ? { reason: "left out by --no-openclaw" } : findOpenClaw(model.url);
    if ("reason" in found) tell(`Not side by side: ${found.reason}.`);
    const peer: Peer | undefined =
      "reason" in found
        ? undefined
        : {
            name: found.name,
            ...(await measure(
              found,
              scenarios.filter((scenario) => scenario.isShared),
              model,
              PEER_LIMIT_MS,
            )),
          };
    if (isWhole && !values.quick) {
      const path = join(ROOT, "docs/benchmark.md");
      writeFileSync(path, writePage(machine, own, peer));
      tell("docs/benchmark.md is written.");
    } else {
      console.log([writeTable(own, peer), ...(own.sections ?? []).map(writeSection)].join("\n\n"));
    }
  } finally {
    await model.stop();
  }
  // Anything that still listens or waits belongs to what was measured.
  process.exit();
}

/** A group that fails leaves its figures missing, with the reason; the others go on. */
async function measure(subject: Subject, scenarios: readonly Scenario[], model: BenchModel, limitMs: number): Promise<Report> {
  const readings: Reading[] = [];
  const missing = new Map<FigureId, string>();
  const sections: Section[] = [];
  let sessions = 0;
  for (const scenario of scenarios) {
    const startedAt = performance.now();
    tell(`${subject.name} · ${scenario.name}`);
    try {
      const found = await scenario.run({
        subject,
        model,
        isQuick: values.quick,
        limitMs,
        makeFolder,
        newSession: () => `agent:main:bench-${process.pid}-${++sessions}`,
        tell: (text) => tell(`  ${text}`),
        show: (section) => sections.push(section),
      });
      for (const { figure, samples, note } of found) {
        const { unit, what } = FIGURES[figure];
        if (!samples.every(Number.isFinite)) throw new Error(`A sample of "${what}" is no number.`);
        const { median, p90, count } = summarize(samples);
        const spread = p90 === undefined ? "" : `, p90 ${formatValue(p90, unit)}`;
        tell(`  → ${what}: ${formatValue(median, unit)} ${unit}${spread} (${count})${note === undefined ? "" : `; ${note}`}`);
      }
      readings.push(...found);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      tell(`  failed: ${reason}`);
      if (scenario.figures.length === 0)
        sections.push({ heading: scenario.name, text: `Not measured: ${reason.split("\n")[0]}` });
      for (const figure of scenario.figures) missing.set(figure, `failed: ${reason.split("\n")[0]}`);
    }
    model.visits.clear();
    tell(`  took ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
  return { readings, missing, sections };
}

function tell(text: string): void {
  console.error(text);
}

// Channels whose line a machine at home holds, one after the other: what the bridge holds of memory with its line open, how soon the line
// is open again once the platform is back, and how soon the model is asked after somebody wrote. Shown as a table of its own: nothing
// was promised of these figures.
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { channelFacts } from "../../src/contract/channels/facts.ts";
import { markOf } from "../model.ts";
import { listTree, measureMemory } from "../process-tree.ts";
import { summarize } from "../statistics.ts";
import { startBridgeProgram } from "../subjects/bridge.ts";
import { HOME_PEERS, type HomePeer, linkAccount } from "../subjects/home-peers.ts";
import { ROOT } from "../subjects/skerry.ts";
import type { Started } from "../subjects/subject.ts";
import { formatValue } from "../table.ts";
import { count, repeat, type Scenario, type Scene, withStarted } from "./scenario.ts";

const HEADING = "Channels with a line at home";
const IDLE_MS = 30_000;
const AWAY_MS = 5_000;
/** A first start fetches the packages of the channel. */
const OPEN_MS = 180_000;
const PATIENCE_MS = 120_000;
/** So long after an answer the next one writes. */
const PAUSE_MS = 150;

interface Measured {
  memory: number[];
  back: number[];
  toModel: number[];
}

export const homeChannels: Scenario = {
  name: "home-channels",
  figures: [],
  isShared: false,
  async run(scene) {
    scene.tell("the bridge without a channel");
    const bare = summarize(await measureBare(scene)).median;
    const rows: string[] = [];
    for (const channel of Object.keys(HOME_PEERS)) {
      scene.tell(channel);
      const label = channelFacts(channel)?.label ?? channel;
      try {
        const measured = await measureChannel(scene, channel);
        rows.push(writeRow(label, measured, bare));
      } catch (error) {
        const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
        scene.tell(`  failed: ${reason}`);
        rows.push(`| ${label} | not measured: ${reason.replaceAll("|", "/")} | – | – | – | – |`);
      }
    }
    scene.show({ heading: HEADING, text: writeTable(rows, bare) });
    return [];
  },
};

function writeTable(rows: readonly string[], bare: number): string {
  return [
    `The bridge alone, idle: ${formatValue(bare, "MiB")} MiB. Each channel with a Skerry and a bridge of its own. *Open again*: from the`,
    `moment the platform is back after ${AWAY_MS / 1000} s away. *Message → model*: from the platform's hearing of it to the request at the`,
    "model, one after the other in one talk. Matrix is measured without encryption, Discord by a mention in a server.",
    "",
    "| channel | bridge with its line open, MiB | more than without | open again, s (samples) | message → model, p50, ms | p99, ms (samples) |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}

function writeRow(label: string, { memory, back, toModel }: Measured, bare: number): string {
  const held = summarize(memory).median;
  const again = summarize(back);
  const asked = summarize(toModel);
  const p99 = asked.p99 === undefined ? "–" : formatValue(asked.p99, "ms");
  const cells = [
    formatValue(held, "MiB"),
    formatValue(held - bare, "MiB"),
    `${formatValue(again.median, "s")} (${again.count})`,
    formatValue(asked.median, "ms"),
    `${p99} (${asked.count})`,
  ];
  return `| ${[label, ...cells].join(" | ")} |`;
}

function measureBare(scene: Scene): Promise<number[]> {
  return withBridge(
    scene,
    {},
    () => undefined,
    (_started, pid) => readMemory(scene, pid),
  );
}

async function measureChannel(scene: Scene, channel: string): Promise<Measured> {
  const peer = await HOME_PEERS[channel]?.(scene.makeFolder());
  if (!peer) throw new Error("There is no platform to speak to.");
  try {
    return await withBridge(
      scene,
      peer.variables,
      (dir) => linkAccount(peer, channel, dir),
      async (started, pid) => {
        await letEverybodyIn(started, channel, peer.settings);
        const isOpen = async () => (await phaseOf(started, channel)) === "open";
        await waitFor("an open line", OPEN_MS, isOpen);
        const memory = await readMemory(scene, pid);
        scene.tell("  messages one after the other");
        await repeat(3, scene.limitMs, () => sayOne(scene, started, peer));
        const toModel = await repeat(count(scene, 100), scene.limitMs, () => sayOne(scene, started, peer));
        scene.tell("  the platform is away, and back");
        const back = await repeat(scene.isQuick ? 1 : 5, 2 * scene.limitMs, async () => {
          await peer.goAway();
          await waitFor("an end of the line", PATIENCE_MS, async () => !(await isOpen()));
          await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
          const backAt = performance.now();
          await peer.comeBack();
          await waitFor("an open line after the platform was back", PATIENCE_MS, isOpen);
          return (performance.now() - backAt) / 1000;
        });
        // What is open must be of use.
        await sayOne(scene, started, peer);
        return { memory, back, toModel };
      },
    );
  } finally {
    await peer.stop();
  }
}

/** A Skerry, and a bridge on a state of its own; packages of channels are fetched once for all runs. */
function withBridge<T>(
  scene: Scene,
  variables: Record<string, string>,
  prepare: (channels: string) => void,
  work: (started: Started, pid: number) => Promise<T>,
): Promise<T> {
  return withStarted(
    scene,
    async (started) => {
      const stateDir = scene.makeFolder();
      const channels = join(stateDir, "state/channels");
      const packages = join(ROOT, ".cache/channel-packages");
      for (const dir of [channels, packages]) mkdirSync(dir, { recursive: true, mode: 0o700 });
      symlinkSync(packages, join(channels, "packages"));
      prepare(channels);
      const bridge = await startBridgeProgram({ url: started.url, stateDir, name: "bench" });
      try {
        return await work(started, bridge.pid);
      } finally {
        await bridge.stop();
      }
    },
    { ...variables, SKERRY_BRIDGE: "off" },
  );
}

async function readMemory(scene: Scene, pid: number): Promise<number[]> {
  await new Promise((resolve) => setTimeout(resolve, scene.isQuick ? IDLE_MS / 10 : IDLE_MS));
  return repeat(5, scene.limitMs, async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return measureMemory(listTree(pid));
  });
}

async function letEverybodyIn({ talker }: Started, channel: string, settings: HomePeer["settings"]): Promise<void> {
  const { hash } = await talker.request<{ hash: string }>("config.get", {});
  const open = { dmPolicy: "open", allowFrom: ["*"], groupPolicy: "open", groups: { "*": { requireMention: false } } };
  await talker.request("config.patch", { patch: { channels: { [channel]: { ...open, ...settings } } }, baseHash: hash });
}

interface Status {
  channelAccounts: Record<string, { line?: { phase: string; said?: string } }[]>;
}

async function phaseOf({ talker }: Started, channel: string): Promise<string | undefined> {
  const status = await talker.request<Status>("channels.status", { channel, limit: 1 });
  const line = status.channelAccounts[channel]?.[0]?.line;
  if (line?.phase === "refused") throw new Error(`The line was refused: ${line.said ?? "no reason was given"}`);
  return line?.phase;
}

/** ms from the platform to the model. */
async function sayOne({ model }: Scene, { talker }: Started, peer: HomePeer): Promise<number> {
  const id = talker.newId();
  const saidAt = performance.now();
  await peer.say(`Please answer. ${markOf({ id })}`);
  await waitFor("a request at the model", PATIENCE_MS, () => model.visitsOf(id)[0]?.endedAt !== undefined);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return (model.visitsOf(id)[0]?.receivedAt ?? Number.NaN) - saidAt;
}

async function waitFor(what: string, ms: number, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const until = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`There was no ${what.replace(/^an? /, "")} within ${ms / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// "Download this, convert it and send it to me", from a messenger through every hand: the browser at home logs in and fetches a
// file, the workspace keeps it, a container without a network turns it into something else, and it comes back as a document in
// the chat. The model does what a model would: it reads refs and paths in the results of its calls.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { DEFAULT_IMAGE } from "../../src/bridge/sandbox/image.ts";
import { type Pages, SHOP_LOGIN, servePages } from "../support/browser-pages.ts";
import { codeIn, PATIENCE } from "../support/channels/house.ts";
import { runCli } from "../support/cli.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../support/engine.ts";
import type { Script } from "../support/model-server/script.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { TelegramServer } from "../support/telegram/server.ts";
import { person, post, type TelegramPerson } from "../support/telegram/updates.ts";

const SECRET = "a-secret-that-only-telegram-knows";
const reason = skipReason();

let engine: TestEngine | undefined;
let model: ModelServer;
let telegram: TelegramServer;
let pages: Pages;
let skerry: Skerry;
let home: string;
let olga: TelegramPerson;

beforeAll(async () => {
  if (reason !== undefined) return;
  const archive = imageArchive();
  engine = await startEngine();
  await engine.importImage(DEFAULT_IMAGE, archive);
  [model, telegram, pages] = await Promise.all([ModelServer.start(), TelegramServer.start(), servePages()]);
  olga = person(telegram, 1001, "Olga");
  home = mkdtempSync(join(tmpdir(), "skerry-errand-"));
  const config = join(home, "bridge.json");
  // Tests may run as root, where Chromium has no sandbox of its own; these pages are ours.
  writeFileSync(config, JSON.stringify({ browser: { sandbox: process.getuid?.() !== 0 } }));
  skerry = await startSkerry({
    env: {
      ANTHROPIC_API_KEY: "the-models-key",
      ANTHROPIC_BASE_URL: model.url,
      SKERRY_MODEL: "anthropic/claude-opus-4-6",
      SKERRY_BRIDGE: "on",
      SKERRY_BRIDGE_CONFIG: config,
      HOME: home,
      DOCKER_HOST: engine.environment["DOCKER_HOST"] ?? "",
      TELEGRAM_BOT_TOKEN: telegram.token,
      TELEGRAM_WEBHOOK_SECRET: SECRET,
      TELEGRAM_API_ROOT: telegram.url,
    },
  });
  await run("config", "set", "browser", JSON.stringify({ allowedHosts: pages.hosts, backend: "home" }));
  await tell("hello");
  await vi.waitFor(() => expect(codeIn(telegram.texts(olga.chat).at(-1) ?? "")).not.toBe(""), PATIENCE);
  await run("pairing", "approve", "telegram", codeIn(telegram.texts(olga.chat).at(-1) ?? ""));
}, 600_000);
afterAll(async () => {
  await skerry?.stop();
  await Promise.all([model?.stop(), telegram?.stop(), pages?.close()]);
  await engine?.stop();
  if (home) rmSync(home, { recursive: true, force: true });
}, 60_000);

async function run(...args: string[]): Promise<string> {
  const { url, token, stateDir } = skerry;
  const ran = runCli(args, { env: { SKERRY_URL: url, SKERRY_TOKEN: token, SKERRY_STATE_DIR: stateDir } });
  if ((await ran.code) !== 0) throw new Error(`skerry ${args.join(" ")} failed: ${ran.err()}${ran.out()}`);
  return ran.out();
}

async function tell(text: string): Promise<void> {
  expect((await post(`${skerry.url}/channels/telegram`, olga.writes(text), SECRET)).status).toBe(200);
}

const browser = (args: Record<string, unknown>): Script => ({ tool: "browser", args });

/** One thing after another; each is told the latest result as the model reads it. */
function act(steps: readonly ((result: string) => Script)[]): void {
  let next = 0;
  model.handler = ({ body }) => {
    const messages = body["messages"] as { content: unknown }[];
    const latest = JSON.stringify(messages.at(-1)?.content).replaceAll('\\"', '"').replaceAll("\\n", "\n");
    try {
      const step = steps[next++]?.(latest) ?? { say: "There is nothing more to do." };
      // The model counts the calls of a turn: there is another one to come.
      return { calls: steps.length, ...step };
    } catch (error) {
      return { say: `The errand failed: ${String(error)}` };
    }
  };
}

function find(result: string, pattern: RegExp): string {
  const found = pattern.exec(result)?.[1];
  if (found === undefined) throw new Error(`The model did not find ${pattern} in: ${result.slice(0, 3000)}`);
  return found;
}
const refOf = (result: string, what: string) => find(result, new RegExp(`${what}.*?\\[(e\\d+)\\]`));

test.skipIf(reason !== undefined)("an errand from a chat through browser, sandbox and back", { timeout: 180_000 }, async () => {
  const convert =
    "python3 -c \"import csv,json,sys; json.dump(list(csv.DictReader(open('invoice.csv'), delimiter=';')), open('invoice.json','w'))\" && gzip -k invoice.json && (curl -sS -m 3 http://example.com || echo no network)";
  act([
    () => browser({ action: "open", url: `${pages.origin}/shop/orders` }),
    (seen) =>
      browser({
        action: "act",
        kind: "fill",
        fields: [
          { ref: refOf(seen, 'textbox "Name"'), text: SHOP_LOGIN.name },
          { ref: refOf(seen, 'textbox "Password"'), text: SHOP_LOGIN.password },
        ],
      }),
    () => browser({ action: "act", kind: "click", selector: "button[type=submit], form button" }),
    (seen) => browser({ action: "act", kind: "click", ref: refOf(seen, 'link "Files"') }),
    (seen) => browser({ action: "download", ref: refOf(seen, 'link "Invoice as CSV"') }),
    (seen) => ({ tool: "copy", args: { from: find(seen, /Kept as (\S+)/), to: "sandbox:/workspace/invoice.csv" } }),
    () => ({ tool: "exec", args: { command: convert, host: "sandbox" } }),
    () => ({ tool: "copy", args: { from: "sandbox:/workspace/invoice.json" } }),
    () => ({ say: "Here is the invoice as JSON." }),
  ]);
  await tell("Download the invoice, convert it to JSON and send it to me.");
  // The answer, and behind it the file.
  await vi.waitFor(
    () => {
      const latest = JSON.stringify(model.requests.at(-1)?.body["messages"]).slice(-2000);
      expect(telegram.texts(olga.chat).join("\n"), latest).toMatch(/Here is the invoice as JSON\.\n$|nothing more|errand failed/);
    },
    { timeout: 120_000, interval: 200 },
  );
  const sent = telegram.shown(olga.chat).flatMap(({ files }) => files);
  expect(sent.map(({ name }) => name)).toEqual(["invoice.json"]);
  expect(JSON.parse(new TextDecoder().decode(sent[0]?.bytes))).toEqual([
    { item: "rope", pieces: "3", price: "12.50" },
    { item: "tar", pieces: "1", price: "4.00" },
  ]);
  // The container had no way out, and nobody was asked for anything.
  expect(JSON.stringify(model.requests.at(-2)?.body)).toContain("no network");
  expect(await run("approvals", "list", "--all")).toMatch(/^(Nothing|No )/);
});

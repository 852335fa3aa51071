// A started Skerry with channels, as their journeys begin: a model that does what it is taught, and the command line as a
// process of its own. `env` are the channels' variables, made once Skerry's address is known.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { runCli } from "../cli.ts";
import type { RecordedRequest } from "../model-server/server.ts";
import { findPort, type Skerry, startSkerry } from "../runtime.ts";
import { modelEnv, startTaughtModel, type TaughtModel } from "../visit.ts";

/** Others may be using the processor. */
export const PATIENCE = { timeout: 30_000, interval: 20 };

export interface Ended {
  out: string;
  err: string;
  code: number | null;
}

/** What a journey needs of whatever runs. */
export type Running = Pick<Skerry, "url" | "token" | "stateDir" | "port" | "stop" | "kill">;
type Start = (options: { stateDir: string; port: number; env: Record<string, string> }) => Promise<Running>;

export interface House {
  readonly skerry: Running;
  teach: TaughtModel["teach"];
  /** Of the model, since `forget`. */
  readonly requests: RecordedRequest[];
  /** What the model was last asked, as JSON. */
  lastRequest(): string;
  forget(): void;
  cli(...args: string[]): Promise<Ended>;
  /** The same, where it has to go well: what it wrote. */
  run(...args: string[]): Promise<string>;
  /** Lets in whoever was told the code in this text; answers what the command line says. */
  approve(told: string, ...args: string[]): Promise<string>;
  sessionKeys(): Promise<string[]>;
  /** As a power cut would, and started again over the same state. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** `starter`: what runs it, when that is not `npm start`'s program. */
export async function openHouse(env: Record<string, string>, port?: number, starter: Start = startSkerry): Promise<House> {
  const home = mkdtempSync(join(tmpdir(), "skerry-channels-"));
  const { model, teach } = await startTaughtModel();
  const start = (at: number) =>
    starter({
      stateDir: join(home, "state"),
      port: at,
      env: { ...modelEnv(model), SKERRY_MODEL: "anthropic/claude-opus-4-6", ...env },
    });
  let skerry: Running;
  try {
    skerry = await start(port ?? (await findPort()));
  } catch (error) {
    await model.stop();
    throw error;
  }
  const cli = async (...args: string[]): Promise<Ended> => {
    const { url, token, stateDir } = skerry;
    const ran = runCli(args, { env: { SKERRY_URL: url, SKERRY_TOKEN: token, SKERRY_STATE_DIR: stateDir } });
    const code = await ran.code;
    return { out: ran.out(), err: ran.err(), code };
  };
  const run = async (...args: string[]) => {
    const { out, err, code } = await cli(...args);
    if (code !== 0) throw new Error(`skerry ${args.join(" ")} ended with ${code}: ${err}${out}`);
    return out;
  };
  return {
    get skerry() {
      return skerry;
    },
    teach,
    requests: model.requests,
    lastRequest: () => JSON.stringify(model.requests.at(-1)?.body["messages"] ?? ""),
    forget: () => {
      model.requests.length = 0;
    },
    cli,
    run,
    approve: (told, ...args) => run("pairing", "approve", codeIn(told), ...args),
    async sessionKeys() {
      const sessions = JSON.parse(await run("sessions", "--json")) as { key: string }[];
      return sessions.map(({ key }) => key).toSorted();
    },
    async restart() {
      await skerry.kill();
      skerry = await start(skerry.port);
    },
    async close() {
      await skerry.stop();
      await model.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** What a stranger must tell the owner; "" when the text holds none. */
export function codeIn(text: string): string {
  return /\b[A-HJ-NP-Z2-9]{8}\b/.exec(text)?.[0] ?? "";
}

/** Until these texts are there, all and in this order. */
export function shows(texts: () => Promise<string[]> | string[], ...wanted: unknown[]): Promise<void> {
  return vi.waitFor(async () => expect(await texts()).toEqual(wanted), PATIENCE);
}

/** Long enough for an answer that must not come. */
export function quiet(ms = 1000): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

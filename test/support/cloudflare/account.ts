// An account at Cloudflare in a file, and the stand-in for wrangler that works on it. See wrangler.mjs.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Dialog } from "../../../scripts/deployment/dialog.ts";
import { createWrangle, type Wrangle } from "../../../scripts/deployment/wrangler.ts";

const PROGRAM = resolve(import.meta.dirname, "wrangler.mjs");

export interface AccountState {
  loggedIn: boolean;
  accounts: { id: string; name: string }[];
  isR2Off: boolean;
  buckets: string[];
  workers: Record<
    string,
    {
      secrets: Record<string, string>;
      deployments: string[];
      versions: Record<string, { says: string; config: { account_id?: string; r2_buckets: { bucket_name: string }[] } }>;
    }
  >;
  /** Said instead of doing what begins so; always, or so many times. */
  failures: { at: string; text: string; out?: string; times?: number }[];
  /** Every command, oldest first. */
  ran: string[];
}

export interface CloudflareAccount {
  /** An empty folder. */
  home: string;
  wrangle: Wrangle;
  read(): AccountState;
  change(change: Partial<AccountState>): void;
  /** What answers at the address of a Worker. */
  askVersion(url: string): Promise<string | undefined>;
  remove(): void;
}

export function openAccount(change: Partial<AccountState> = {}): CloudflareAccount {
  const home = mkdtempSync(join(tmpdir(), "skerry-cloudflare-"));
  const path = join(home, "account.json");
  const ran = () => (existsSync(`${path}.ran`) ? readFileSync(`${path}.ran`, "utf8").trim().split("\n") : []);
  const read = (): AccountState => ({ ...JSON.parse(readFileSync(path, "utf8")), ran: ran() });
  const write = (state: AccountState) => writeFileSync(path, JSON.stringify(state));
  const first = { loggedIn: true, accounts: [{ id: "a".repeat(32), name: "Ada" }], isR2Off: false };
  write({ ...first, buckets: [], workers: {}, failures: [], ran: [], ...change });
  return {
    home,
    wrangle: createWrangle(["/usr/bin/env", `CLOUDFLARE_STATE=${path}`, process.execPath, PROGRAM], home),
    read,
    change: (more) => write({ ...read(), ...more }),
    askVersion(url) {
      const worker = read().workers[new URL(url).hostname.split(".")[0] ?? ""];
      return Promise.resolve(worker?.versions[worker.deployments.at(-1) ?? ""]?.says);
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A person at the terminal: what was asked, and answers in order; running out of answers is a fault of the test. */
export function createPerson(
  answers: (string | boolean)[] = [],
  canAsk = true,
): { dialog: Dialog; heard: () => string; left: () => number } {
  const heard: string[] = [];
  const rest = [...answers];
  const hear = (text: string) => void heard.push(text);
  const answer = async (question: string) => {
    hear(question);
    const next = rest.shift();
    if (next === undefined) throw new Error(`Nobody answers: ${question}`);
    return next;
  };
  return {
    dialog: {
      canAsk,
      title: hear,
      say: hear,
      tell: hear,
      end: hear,
      wait: (what, work) => {
        hear(what);
        return work();
      },
      ask: async (question, _first, check) => {
        for (;;) {
          const text = String(await answer(question));
          const wrong = check(text);
          if (wrong === undefined) return text;
          hear(wrong);
        }
      },
      askSecret: async (question) => String(await answer(question)),
      choose: async (question, choices) => {
        const wanted = String(await answer(question));
        if (!choices.some(({ value }) => value === wanted)) throw new Error(`No such choice: ${wanted}`);
        return wanted;
      },
      confirm: async (question) => (await answer(question)) === true,
    },
    heard: () => heard.join("\n"),
    left: () => rest.length,
  };
}

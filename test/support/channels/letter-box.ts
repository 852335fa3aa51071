// Skerry's Worker with Cloudflare's Email Routing and send_email around it, as Cloudflare's own simulator (Miniflare) has
// them: mails are handed to the Worker as they come, and what it sends is kept with its headers. The state stays in its folder.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { Running } from "./house.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const WORKER = join(ROOT, "dist/worker");
const TOKEN = "a-token-for-the-letter-box-0123456789";

export async function startLetterBox(options: { stateDir: string; port: number; env: Record<string, string> }): Promise<Running> {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  const scripts = readdirSync(WORKER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  // The entry comes first.
  const names = ["index.js", ...scripts.filter((name) => name !== "index.js")];
  const object = (className: string) => ({ className, useSQLite: true });
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: options.port,
      log: new Log(LogLevel.NONE),
      modulesRoot: WORKER,
      modules: names.map((name) => ({ type: "ESModule" as const, path: join(WORKER, name) })),
      compatibilityDate: "2026-11-01",
      durableObjects: {
        DIRECTORY: object("Directory"),
        SESSION: object("Session"),
        WORKSPACE: object("Workspace"),
        GATEWAY: object("Gateway"),
      },
      r2Buckets: ["MEDIA"],
      email: { send_email: [{ name: "EMAIL" }] },
      bindings: { ...options.env, SKERRY_TOKEN: TOKEN },
      resourcePersistencePath: options.stateDir,
      unsafeTriggerHandlers: true,
      unsafeLocalExplorer: true,
    }),
  );
  const url = (await runtime.ready).origin;
  const stop = async () => {
    const at = performance.now();
    await runtime.dispose();
    return performance.now() - at;
  };
  return { url, token: TOKEN, stateDir: options.stateDir, port: options.port, stop, kill: async () => void (await stop()) };
}

export interface Posted {
  status: number;
  text: string;
}

/** A mail as Email Routing brings it; the status is what its sending server hears. */
export async function postMail(skerry: Running, mail: string, from: string, to: string): Promise<Posted> {
  const query = new URLSearchParams({ from, to });
  const answer = await fetch(`${skerry.url}/cdn-cgi/local/email?${query}`, { method: "POST", body: mail });
  return { status: answer.status, text: await answer.text() };
}

export interface SentMail {
  from: string;
  to: string[];
  subject: string;
  text?: string;
  html?: string;
  headers: Record<string, string>;
  attachments: { filename: string; contentType: string; size: number }[];
}

/** What the Worker has sent since it was started, oldest first. */
export async function sentMails(skerry: Running): Promise<SentMail[]> {
  const ask = async <T>(query: string): Promise<T> => {
    const answer = await fetch(`${skerry.url}/cdn-cgi/local/explorer/api/local/email/sending?${query}`);
    if (!answer.ok) throw new Error(`The sent mails cannot be read: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { result: T }).result;
  };
  const listed = await ask<{ messageId: string }[]>("per_page=100");
  return Promise.all(
    listed.toReversed().map(({ messageId }) => ask<SentMail>(new URLSearchParams({ email_id: messageId }).toString())),
  );
}

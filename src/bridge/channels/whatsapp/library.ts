// The package that speaks WhatsApp's protocol, and the one place where its type is taken on trust.
import { isMainThread } from "node:worker_threads";
import type * as Baileys from "@whiskeysockets/baileys";
import type { LineHost } from "../driver.ts";

export type Library = typeof Baileys;
export type Socket = ReturnType<Library["makeWASocket"]>;

export async function loadLibrary(host: Pick<LineHost, "load">): Promise<Library> {
  // Its cryptography writes sessions, keys and all, to the console; a line's thread has nothing of its own to write there.
  if (!isMainThread) for (const way of ["log", "info", "warn", "error"] as const) console[way] = () => undefined;
  return (await host.load("@whiskeysockets/baileys")) as Library;
}

/** What it logs holds texts and keys: nothing of it is written. */
export const SILENT: NonNullable<Baileys.UserFacingSocketConfig["logger"]> = {
  level: "silent",
  child: () => SILENT,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

// An agent's files as Skerry has them, over the door of homes. What Skerry refuses for one file is answered as an outcome; that
// Skerry does not answer, or has none of it for this machine, is thrown.
import { HomeRefused } from "../../../contract/errors.ts";
import type { FileStamp } from "../../../contract/ports.ts";
import { type HomeDoor, reasonOf } from "../../home/door.ts";

export type ThereEntry = ({ kind: "file"; size: number } & FileStamp) | { kind: "folder" };

export type Changed<T = unknown> =
  | ({ outcome: "done" } & T)
  /** It is not the one any more that was meant. */
  | { outcome: "conflict" }
  | { outcome: "gone" }
  | { outcome: "refused"; reason: string };

export interface AgentFiles {
  list(): Promise<Map<string, ThereEntry>>;
  read(path: string): Promise<Changed<{ bytes: Uint8Array; stamp: FileStamp }>>;
  write(path: string, bytes: Uint8Array, stamp: FileStamp): Promise<Changed<{ stamp: FileStamp }>>;
  remove(path: string, stamp: FileStamp): Promise<Changed>;
  makeFolder(path: string): Promise<Changed>;
}

/** There is no such file. */
export const NONE: FileStamp = { version: 0, updatedAt: 0 };

export function openAgentFiles(door: () => HomeDoor, agentId: string): AgentFiles {
  const base = `/workspaces/${encodeURIComponent(agentId)}`;
  const ask = (way: string, query: Record<string, string>, init: RequestInit) =>
    door()(`${base}${way}?${new URLSearchParams(query)}`, init);

  return {
    async list() {
      const answer = await ask("", {}, { method: "GET" });
      if (!answer.ok) throw await refusalOf(answer);
      return readList(await answer.text());
    },
    async read(path) {
      const answer = await ask("/file", { path }, { method: "GET" });
      if (!answer.ok) return refused(answer);
      const [version = 0, updatedAt = 0] = (answer.headers.get("etag") ?? "").replaceAll('"', "").split(".").map(Number);
      return { outcome: "done", bytes: new Uint8Array(await readBody(answer)), stamp: { version, updatedAt } };
    },
    async write(path, bytes, stamp) {
      const body = new Blob([new Uint8Array(bytes)]);
      const answer = await ask("/file", { path, ifVersion: textOf(stamp) }, { method: "PUT", body });
      if (!answer.ok) return refused(answer);
      const { version, updatedAt } = (await answer.json()) as FileStamp;
      return { outcome: "done", stamp: { version, updatedAt } };
    },
    async remove(path, stamp) {
      const answer = await ask("/file", { path, ifVersion: textOf(stamp) }, { method: "DELETE" });
      if (!answer.ok) return refused(answer);
      await answer.body?.cancel();
      return { outcome: "done" };
    },
    async makeFolder(path) {
      const answer = await ask("/folder", { path }, { method: "PUT" });
      if (!answer.ok) return refused(answer);
      await answer.body?.cancel();
      return { outcome: "done" };
    },
  };
}

/** @throws HomeRefused for a list without its end: it would pass for a workspace whose files were removed. */
export function readList(text: string): Map<string, ThereEntry> {
  const rows = text
    .split("\n")
    .filter((line) => line !== "")
    .map(readRow);
  const last = rows.pop();
  if (last === undefined || !("end" in last) || last["end"] !== rows.length) {
    throw new HomeRefused("UNAVAILABLE", "The list of the agent's files broke off on its way; try again.");
  }
  const entries = new Map<string, ThereEntry>();
  for (const { path, kind, size, version, updatedAt } of rows) {
    // Skerry is believed what is in a file, never where on this machine it goes.
    if (typeof path !== "string" || !isPlainPath(path)) continue;
    if (kind === "folder") entries.set(path, { kind: "folder" });
    else entries.set(path, { kind: "file", size: Number(size), version: Number(version), updatedAt: Number(updatedAt) });
  }
  return entries;
}

export function isPlainPath(path: string): boolean {
  return path.length <= 4096 && !path.includes("\0") && path.split("/").every((part) => !["", ".", ".."].includes(part));
}

function readRow(line: string): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === "object" && row !== null ? { ...row } : {};
  } catch {
    return {};
  }
}

async function readBody(answer: Response): Promise<ArrayBuffer> {
  try {
    return await answer.arrayBuffer();
  } catch (error) {
    throw new HomeRefused("UNAVAILABLE", "A file broke off on its way from Skerry; try again.", error);
  }
}

async function refused(answer: Response): Promise<Exclude<Changed, { outcome: "done" }>> {
  if (answer.status === 409) return { outcome: "conflict" };
  if (answer.status === 404) return { outcome: "gone" };
  const { code, message } = await reasonOf(answer);
  const isAboutFile = answer.status === 400 || answer.status === 413 || (answer.status === 403 && code === "FORBIDDEN");
  if (isAboutFile) return { outcome: "refused", reason: message };
  throw new HomeRefused(answer.status === 403 ? "FORBIDDEN" : "UNAVAILABLE", message);
}

async function refusalOf(answer: Response): Promise<HomeRefused> {
  const { message } = await reasonOf(answer);
  return new HomeRefused(answer.status === 403 ? "FORBIDDEN" : answer.status === 413 ? "TOO_LARGE" : "UNAVAILABLE", message);
}

function textOf({ version, updatedAt }: FileStamp): string {
  return `${version}.${updatedAt}`;
}

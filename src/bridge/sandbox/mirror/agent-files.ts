// An agent's files as Skerry has them, over the door of homes. What Skerry refuses for one file is answered as an outcome; that
// Skerry does not answer, or has none of it for this machine, is thrown.
import { HomeRefused } from "../../../contract/errors.ts";
import { type Parcel, readParcels, writeParcels } from "../../../contract/home/parcels.ts";
import type { FileStamp } from "../../../contract/ports/workspace.ts";
import { type HomeDoor, reasonOf } from "../../home/door.ts";
import { openBatch } from "./batch.ts";

export type ThereEntry = ({ kind: "file"; size: number } & FileStamp) | { kind: "folder" };

export type Changed<T = unknown> =
  | ({ outcome: "done" } & T)
  /** It is not the one any more that was meant. */
  | { outcome: "conflict" }
  | { outcome: "gone" }
  | { outcome: "refused"; reason: string };

type Refusal = Exclude<Changed, { outcome: "done" }>;

export interface AgentFiles {
  list(): Promise<Map<string, ThereEntry>>;
  /** `size`: what it is expected to have; small ones travel together. */
  read(path: string, size?: number): Promise<Changed<{ bytes: Uint8Array; stamp: FileStamp }>>;
  write(path: string, bytes: Uint8Array, stamp: FileStamp): Promise<Changed<{ stamp: FileStamp }>>;
  remove(path: string, stamp: FileStamp): Promise<Changed>;
  makeFolder(path: string): Promise<Changed>;
}

/** There is no such file. */
export const NONE: FileStamp = { version: 0, updatedAt: 0 };

/** Files up to this size travel together. */
export const SMALL_BYTES = 64 * 1024;
const MAX_BATCH = 64;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

interface Change {
  path: string;
  stamp: FileStamp;
  /** Absent: the file goes. */
  bytes?: Uint8Array;
}
type Read = Changed<{ bytes: Uint8Array; stamp: FileStamp }>;
type Written = Changed<{ stamp: FileStamp }>;

export function openAgentFiles(door: () => HomeDoor, agentId: string): AgentFiles {
  const base = `/workspaces/${encodeURIComponent(agentId)}`;
  const ask = (way: string, query: Record<string, string>, init: RequestInit) =>
    door()(`${base}${way}?${new URLSearchParams(query)}`, init);
  const post = async (way: string, body: BodyInit) => {
    const answer = await ask(way, {}, { method: "POST", body });
    if (answer.ok) return answer;
    throw await refusalOf(answer);
  };

  const readOne = async (path: string): Promise<Read> => {
    const answer = await ask("/file", { path }, { method: "GET" });
    if (!answer.ok) return refused(answer);
    const [version = 0, updatedAt = 0] = (answer.headers.get("etag") ?? "").replaceAll('"', "").split(".").map(Number);
    return { outcome: "done", bytes: await readBody(answer), stamp: { version, updatedAt } };
  };
  const changeOne = async ({ path, stamp, bytes }: Change): Promise<Written> => {
    const query = { path, ifVersion: textOf(stamp) };
    const write = bytes && { method: "PUT", body: new Blob([new Uint8Array(bytes)]) };
    const answer = await ask("/file", query, write ?? { method: "DELETE" });
    if (!answer.ok) return refused(answer);
    const { version = 0, updatedAt = 0 } = (await answer.json()) as Partial<FileStamp>;
    return { outcome: "done", stamp: { version, updatedAt } };
  };

  const read = openBatch<string, Read>({
    maxItems: MAX_BATCH,
    maxBytes: MAX_BATCH,
    sizeOf: () => 1,
    async send(paths) {
      const [only = ""] = paths;
      if (paths.length === 1) return [await readOne(only)];
      const answer = await post("/read", JSON.stringify({ paths }));
      const parcels = readParcels(await readBody(answer));
      if (!parcels) throw new HomeRefused("UNAVAILABLE", "Files broke off on their way from Skerry; try again.");
      const found = new Map(parcels.map((parcel) => [parcel.head["path"], parcel]));
      // What was too much together is asked for by itself.
      return Promise.all(paths.map((path) => readAnswer(found.get(path)) ?? readOne(path)));
    },
  });
  const change = openBatch<Change, Written>({
    maxItems: MAX_BATCH,
    maxBytes: MAX_BATCH_BYTES,
    sizeOf: ({ bytes }) => bytes?.length ?? 0,
    async send(changes) {
      const [only] = changes;
      if (only && changes.length === 1) return [await changeOne(only)];
      const parcels = changes.map(({ path, stamp, bytes }) => ({
        head: { path, ifVersion: textOf(stamp), isGone: bytes === undefined },
        bytes: bytes ?? new Uint8Array(0),
      }));
      const answer = await post("/changes", new Blob([writeParcels(parcels)]));
      const { results } = (await answer.json()) as { results: (Partial<FileStamp> & { code?: string; message?: string })[] };
      return results.map(({ code, message, version = 0, updatedAt = 0 }) =>
        code === undefined ? { outcome: "done", stamp: { version, updatedAt } } : outcomeOf(code, message ?? "no reason given"),
      );
    },
  });

  return {
    async list() {
      const answer = await ask("", {}, { method: "GET" });
      if (!answer.ok) throw await refusalOf(answer);
      return readList(await answer.text());
    },
    read: (path, size) => (size !== undefined && size <= SMALL_BYTES ? read(path) : readOne(path)),
    write: (path, bytes, stamp) => (bytes.length <= SMALL_BYTES ? change : changeOne)({ path, bytes, stamp }),
    remove: (path, stamp) => change({ path, stamp }),
    async makeFolder(path) {
      const answer = await ask("/folder", { path }, { method: "PUT" });
      if (!answer.ok) return refused(answer);
      await answer.body?.cancel();
      return { outcome: "done" };
    },
  };
}

function readAnswer(parcel: Parcel | undefined): Read | undefined {
  if (!parcel) return undefined;
  const { code, message, version, updatedAt } = parcel.head;
  if (code !== undefined) return outcomeOf(String(code), String(message));
  return { outcome: "done", bytes: parcel.bytes, stamp: { version: Number(version), updatedAt: Number(updatedAt) } };
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

async function readBody(answer: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throw new HomeRefused("UNAVAILABLE", "A file broke off on its way from Skerry; try again.", error);
  }
}

async function refused(answer: Response): Promise<Refusal> {
  const { code, message } = await reasonOf(answer);
  return outcomeOf(code, message);
}

/** @throws HomeRefused for what has nothing to do with the one file. */
function outcomeOf(code: string, message: string): Refusal {
  switch (code) {
    case "CONFLICT":
      return { outcome: "conflict" };
    case "NOT_FOUND":
      return { outcome: "gone" };
    case "INVALID_REQUEST":
    case "TOO_LARGE":
    case "FORBIDDEN":
      return { outcome: "refused", reason: message };
    default:
      throw new HomeRefused(code === "CLOSED" || code === "READ_ONLY" ? "FORBIDDEN" : "UNAVAILABLE", message);
  }
}

async function refusalOf(answer: Response): Promise<HomeRefused> {
  const { message } = await reasonOf(answer);
  return new HomeRefused(answer.status === 403 ? "FORBIDDEN" : answer.status === 413 ? "TOO_LARGE" : "UNAVAILABLE", message);
}

function textOf({ version, updatedAt }: FileStamp): string {
  return `${version}.${updatedAt}`;
}

// files.*: files of the machine itself and of sandboxes on it. Small ones go with the call; larger ones through the object store,
// by way of a copy in a folder of the bridge's own, so that a place never sees a path of the bridge.
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { HomeParams, Place } from "../../contract/home/commands.ts";
import type { HomeCommands } from "../home-command.ts";
import type { FilePurpose, HomeFiles } from "../places/home-files.ts";
import type { FileEntry, PlaceFiles } from "../places/place.ts";
import { type FilePassed, type FileWish, passFile } from "./file-gate.ts";
import type { GateOptions } from "./gate.ts";
import type { Hosts } from "./processes.ts";

export interface FileDeps {
  hosts: FileHosts;
  gate: Pick<GateOptions, "ledger" | "rules" | "now">;
  /** For copies on their way; emptied at the start. */
  folder: string;
}

export interface FileHosts {
  home?: { files: HomeFiles };
  sandbox?: Hosts["sandbox"];
}

type Read = { bytes: Uint8Array; size: number; modifiedAt: number };
type Written = { size: number; modifiedAt: number; isNew: boolean };

/** The files of one place, with the place said already. */
interface Desk {
  read(path: string, offset: number, bytes: number): Promise<Read>;
  write(path: string, bytes: Uint8Array, ifModifiedAt?: number): Promise<Written>;
  list(path: string, isDeep: boolean, limit: number): Promise<{ entries: FileEntry[]; isCut: boolean }>;
  copyOut(path: string, to: string): Promise<{ size: number; name: string }>;
  copyIn(from: string, path: string): Promise<Written>;
}

type Asks = Extract<FilePassed, { outcome: "asks" }>["answer"];

export function fileCommands({ hosts, gate, folder }: FileDeps): HomeCommands {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const withCopy = async <T>(work: (path: string) => Promise<T>): Promise<T> => {
    const path = join(folder, randomUUID());
    try {
      return await work(path);
    } finally {
      await rm(path, { force: true });
    }
  };
  /** On the machine itself the gate comes first; a sandbox has its walls instead. */
  const at = async <T>(
    wish: FileWish & { place: Place },
    purpose: FilePurpose,
    work: (desk: Desk) => Promise<T>,
  ): Promise<T | Asks> => {
    const { place } = wish;
    if (place.kind === "sandbox" && hosts.sandbox) return work(placed(hosts.sandbox.files, place));
    if (place.kind !== "home" || !hosts.home) {
      throw new HomeRefused("UNAVAILABLE", `This machine has no files in the place ${place.kind}.`);
    }
    const passed = await passFile(wish, purpose, hosts.home.files, gate);
    return passed.outcome === "asks" ? passed.answer : work(placed(passed.files, place));
  };
  return {
    "files.read": (params) =>
      at(params, params.isForWriting ? "write" : "read", async (desk) => {
        const { bytes, size, modifiedAt } = await desk.read(params.path, params.offset, params.bytes);
        const base64 = Buffer.from(bytes).toString("base64");
        return { base64, size, modifiedAt, isWhole: params.offset === 0 && bytes.length >= size };
      }),
    "files.write": async (params) => {
      const bytes = bytesOf(params);
      return at(params, "write", (desk) => desk.write(params.path, bytes, params.ifModifiedAt));
    },
    "files.list": (params) => at(params, "read", (desk) => desk.list(params.path, params.isDeep, params.limit)),
    "files.give": (params, { transfer }) =>
      at(params, "read", (desk) =>
        withCopy(async (copy) => {
          const { name } = await desk.copyOut(params.path, copy);
          const given = params.name ?? name;
          // The store has no place for a file with nothing in it.
          if ((await stat(copy)).size === 0) return { key: "", type: "text/plain", size: 0, name: given };
          const { key, type, size } = await transfer.give(copy, given);
          return { key, type, size, name: given };
        }),
      ),
    "files.take": (params, { transfer }) =>
      at(params, "write", (desk) =>
        withCopy(async (copy) => {
          await transfer.take(params.key, copy);
          return desk.copyIn(copy, params.path);
        }),
      ),
  };
}

function bytesOf({ base64 }: HomeParams<"files.write">): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new HomeRefused("INVALID_REQUEST", "The file was not written: its content is no base64.");
  }
  return Buffer.from(base64, "base64");
}

function placed<P extends Place>(files: PlaceFiles<P>, place: P): Desk {
  return {
    read: (path, offset, bytes) => files.read(place, path, offset, bytes),
    write: (path, bytes, ifModifiedAt) => files.write(place, path, bytes, ifModifiedAt),
    list: (path, isDeep, limit) => files.list(place, path, isDeep, limit),
    copyOut: (path, to) => files.copyOut(place, path, to),
    copyIn: (from, path) => files.copyIn(place, from, path),
  };
}

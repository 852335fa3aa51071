// A place where things are done: this machine itself, or a container on it. Whoever keeps processes and files (exec/, and the
// list of commands) knows a place by this alone.
import type { Place } from "../../contract/home/commands.ts";

export interface LaunchRequest<P extends Place = Place> {
  processId: string;
  place: P;
  /** Shell text; the place runs it by its own shell. */
  command: string;
  workdir?: string | undefined;
  env: Record<string, string>;
  isPty: boolean;
  /** Both streams as they come. */
  onOutput(chunk: Uint8Array): void;
}

export interface Ended {
  exitCode?: number;
  signal?: string;
  /** In words, when something other than itself ended it: out of memory, the engine died. */
  endedBy?: string;
}

export interface RunningProcess {
  write(data: Uint8Array): Promise<void>;
  endInput(): Promise<void>;
  /** The process and all that it started. */
  kill(signal: "TERM" | "KILL" | "INT" | "HUP"): Promise<void>;
  /** Never rejects. */
  ended: Promise<Ended>;
}

export interface FileEntry {
  /** As the place names it. */
  path: string;
  kind: "file" | "folder" | "link" | "other";
  size: number;
  modifiedAt: number;
}

/** Contract: @throws HomeRefused; no path leads out of the place. */
export interface PlaceFiles<P extends Place = Place> {
  read(place: P, path: string, offset: number, bytes: number): Promise<{ bytes: Uint8Array; size: number; modifiedAt: number }>;
  write(
    place: P,
    path: string,
    bytes: Uint8Array,
    ifModifiedAt?: number,
  ): Promise<{ size: number; modifiedAt: number; isNew: boolean }>;
  list(place: P, path: string, isDeep: boolean, limit: number): Promise<{ entries: FileEntry[]; isCut: boolean }>;
  /** Copies a file out to `to` on this machine (for sending it on), or from there into the place. */
  copyOut(place: P, path: string, to: string): Promise<{ size: number; name: string }>;
  copyIn(place: P, from: string, path: string): Promise<{ size: number; modifiedAt: number; isNew: boolean }>;
}

export interface PlaceHost<P extends Place = Place> {
  /** @throws HomeRefused when it cannot be started there. */
  launch(request: LaunchRequest<P>): Promise<RunningProcess>;
  files: PlaceFiles<P>;
}

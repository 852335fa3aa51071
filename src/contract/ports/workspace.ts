// What a workspace is asked: an agent's files, memory and skills.
// The faces that the objects show each other are RPC: compatible for one release. Add optional fields, never change or remove.
import type { Outcome } from "../errors.ts";

export interface FileInfo {
  path: string;
  /** Bytes. */
  size: number;
  updatedAt: number;
  /** Counts up with every write. */
  version: number;
  isDirectory: boolean;
  isReadOnly?: boolean;
}

export interface SkillInfo {
  name: string;
  description: string;
  /** Path of its SKILL.md, as `read` takes it. */
  path: string;
  source: "bundled" | "workspace";
  isEnabled: boolean;
  /** Why it is not offered, when it is not. */
  reason?: string;
}

/** What the system prompt is made of. */
export interface Bootstrap {
  fingerprint: string;
  /** In prompt order; text already capped, with a notice where it was cut. */
  files: { name: string; text: string; isMissing: boolean }[];
  skills: SkillInfo[];
  isFirstRun: boolean;
}

export interface MemoryHit {
  path: string;
  /** First line of the passage, from 1. */
  line: number;
  text: string;
  score: number;
}

/**
 * What a file was when it was last seen. With the time, because a file that was removed and written again counts its versions
 * from 1 again. Version 0: there was none.
 */
export interface FileStamp {
  version: number;
  updatedAt: number;
}

/** An earlier state of a file. */
export interface FileVersion {
  version: number;
  size: number;
  updatedAt: number;
}

export type FileChange =
  | { type: "write"; path: string; bytes: Uint8Array }
  | { type: "mkdir"; path: string }
  | { type: "remove"; path: string };

/** Without `bytes` it takes the file away. */
export interface MarkedChange {
  path: string;
  bytes?: Uint8Array;
  expected: FileStamp;
}

/** Paths are relative to the workspace, "/" separated, without "..". Errors: ToolFailure text in an Outcome. */
export interface WorkspacePort {
  /** `switches`: skills on or off by name. */
  bootstrap(
    knownFingerprint?: string,
    switches?: Record<string, boolean>,
  ): Promise<Bootstrap | { fingerprint: string; unchanged: true }>;
  read(path: string): Promise<Outcome<{ info: FileInfo; bytes: Uint8Array }>>;
  write(path: string, bytes: Uint8Array, expected?: number | FileStamp): Promise<Outcome<FileInfo>>;
  /** With `expected` it takes away a file that is still that one, or a folder with nothing in it. */
  remove(path: string, expected?: FileStamp): Promise<Outcome<{ removed: number }>>;
  /** One folder, or with `isDeep` everything below it. */
  list(path: string, isDeep?: boolean): Promise<Outcome<FileInfo[]>>;
  /** Several changes in one transaction: what a shell run leaves behind. */
  apply(changes: FileChange[]): Promise<Outcome<{ changed: number }>>;
  /** Several at once, each for itself. Answers in their order; fewer than asked for when they are too large together. */
  readEach(paths: string[]): Promise<Outcome<{ info: FileInfo; bytes: Uint8Array }>[]>;
  changeEach(changes: MarkedChange[]): Promise<Outcome<FileStamp>[]>;
  grep(request: {
    pattern: string;
    path?: string;
    glob?: string;
    isCaseless?: boolean;
    isLiteral?: boolean;
    limit?: number;
    context?: number;
  }): Promise<Outcome<{ path: string; line: number; text: string }[]>>;
  /** Lays stored files there without copying them; what is there stays. `take` writes one, unless another is there and stays. */
  attach?(files: { path: string; key: string; size: number }[]): Promise<Outcome<{ attached: number }>>;
  take?(file: { path: string; key: string; size: number }, isReplacing: boolean): Promise<Outcome<{ isTaken: boolean }>>;
  memorySearch(query: string, limit: number): Promise<MemoryHit[]>;
  skills(switches?: Record<string, boolean>): Promise<SkillInfo[]>;
  storage?(): Promise<WorkspaceStorage>;
  /** Earlier versions of a file that shapes the agent, newest first; of other files none are kept. */
  versions?(path: string): Promise<Outcome<FileVersion[]>>;
  readVersion?(path: string, version: number): Promise<Outcome<Uint8Array>>;
}

/** Large files are objects in the store; the rest lies in the database. */
export interface WorkspaceStorage {
  bytes: number;
  files: number;
  largeFiles: number;
}

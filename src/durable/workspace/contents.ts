// Puts the parts of a workspace together over one database: files with their history, memory index, skills, prompt.
// Makes Outcomes of refusals: an error would lose its class on the way to another object. Knows nothing of Cloudflare.
import { GatewayError, type Outcome } from "../../contract/errors.ts";
import type {
  Bootstrap,
  FileChange,
  FileInfo,
  FileStamp,
  FileVersion,
  MarkedChange,
  MemoryHit,
  SkillInfo,
  WorkspacePort,
  WorkspaceStorage,
} from "../../contract/ports/workspace.ts";
import { migrate, type Sql } from "../storage/sql.ts";
import { FIRST_RUN_FILE, PROMPT_FILES, PromptSource } from "./bootstrap.ts";
import { BUNDLED_SKILLS } from "./bundled-skills.ts";
import { FileHistory } from "./files/file-history.ts";
import { type AttachedFile, Files } from "./files/files.ts";
import { type GrepLine, type GrepRequest, grepFiles } from "./files/grep.ts";
import { LargeBodies, type ObjectStore } from "./files/large-bodies.ts";
import { openMount } from "./files/mount.ts";
import { markOf } from "./mark.ts";
import { MemoryIndex } from "./memory/memory-index.ts";
import { normalizePath } from "./paths.ts";
import { WORKSPACE_MIGRATIONS, WORKSPACE_STORE } from "./schema.ts";
import { SHELL_COMMANDS } from "./skills/shell-commands.ts";
import { SkillShelf, type SkillSwitches } from "./skills/skill-shelf.ts";
import { TEMPLATES } from "./templates.ts";

/** With one file of the largest kind on top, what may pass between two objects at once. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

export interface ContentsDeps {
  sql: Sql;
  objects: ObjectStore;
  agentId: string;
  now(): number;
  /** Variables and secrets that are set, by name; the values stay where they are. */
  variables: ReadonlySet<string>;
}

/** A workspace, and the history that a screen may show. */
export interface Contents extends WorkspacePort {
  bootstrap(knownFingerprint?: string, switches?: SkillSwitches): ReturnType<WorkspacePort["bootstrap"]>;
  skills(switches?: SkillSwitches): Promise<SkillInfo[]>;
  storage(): Promise<WorkspaceStorage>;
  attach(attached: AttachedFile[]): Promise<Outcome<{ attached: number }>>;
  take(file: AttachedFile, isReplacing: boolean): Promise<Outcome<{ isTaken: boolean }>>;
  /** Earlier versions of a file that shapes the agent, newest first. */
  versions(path: string): Promise<Outcome<FileVersion[]>>;
  readVersion(path: string, version: number): Promise<Outcome<Uint8Array>>;
}

/** Brings the tables up to date, writes the templates on first use, and opens the workspace. */
export function openContents({ sql, objects, agentId, now, variables }: ContentsDeps): Contents {
  migrate(sql, WORKSPACE_STORE, WORKSPACE_MIGRATIONS);
  const mount = openMount(BUNDLED_SKILLS);
  const history = new FileHistory(sql, new Set([...PROMPT_FILES, FIRST_RUN_FILE]));
  const large = new LargeBodies(sql, objects, agentId, now);
  const memory = new MemoryIndex(sql, now);
  const onChange = (path: string, bytes?: Uint8Array) => {
    memory.update(path, bytes);
    shelf.note(path);
    prompt.note(path);
  };
  const files = new Files({ sql, large, history, mount, now, onChange });
  const shelf = new SkillShelf(sql, files, mount, { commands: SHELL_COMMANDS, hasVariable: (name) => variables.has(name) });
  const codeMark = markOf([...Object.values(BUNDLED_SKILLS), ...SHELL_COMMANDS, ...[...variables].sort()].join("\n"));
  const prompt = new PromptSource(sql, files, shelf, codeMark);
  prompt.settle(() => files.plant(TEMPLATES));

  return {
    bootstrap: async (known, switches): Promise<Bootstrap | { fingerprint: string; unchanged: true }> =>
      prompt.read(known, switches),
    read: (path) => answer(() => files.read(path)),
    write: (path, bytes, expected) => answer(() => files.write(path, bytes, expected)),
    remove: (path, expected) => answer(() => files.remove(path, expected)),
    list: (path, isDeep) => answer(() => files.list(path, isDeep ?? false)),
    apply: (changes: FileChange[]) => answer(() => files.apply(changes)),
    readEach: (paths) => readEach(files, paths),
    changeEach: (changes) => changeEach(files, changes),
    attach: (attached) => answer(async () => files.attach(attached)),
    take: (file, isReplacing) => answer(() => files.take(file, isReplacing)),
    grep: (request: GrepRequest): Promise<Outcome<GrepLine[]>> => answer(() => grepFiles(files, mount, request)),
    memorySearch: async (query, limit): Promise<MemoryHit[]> => memory.search(query, limit),
    storage: async () => files.measure(),
    skills: async (switches) => shelf.list(switches),
    versions: (path) => answer(async () => history.versions(normalizePath(path))),
    readVersion: (path, version) =>
      answer(async () => {
        const body = history.body(normalizePath(path), version);
        if (body) return body;
        throw new GatewayError({
          code: "NOT_FOUND",
          message: `Version ${version} of "${path}" is not kept; ask for the list of versions.`,
        });
      }),
  };
}

async function readEach(files: Files, paths: readonly string[]) {
  const answers: Outcome<{ info: FileInfo; bytes: Uint8Array }>[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (bytes > MAX_READ_BYTES) break;
    const read = await answer(() => files.read(path));
    if (read.ok) bytes += read.value.bytes.byteLength;
    answers.push(read);
  }
  return answers;
}

async function changeEach(files: Files, changes: readonly MarkedChange[]): Promise<Outcome<FileStamp>[]> {
  const answers: Outcome<FileStamp>[] = [];
  for (const { path, bytes, expected } of changes) {
    const change = async () => {
      if (bytes) return files.write(path, bytes, expected);
      await files.remove(path, expected);
      return { version: 0, updatedAt: 0 };
    };
    const changed = await answer(change);
    const stamp = (one: FileStamp) => ({ version: one.version, updatedAt: one.updatedAt });
    answers.push(changed.ok ? { ok: true, value: stamp(changed.value) } : changed);
  }
  return answers;
}

async function answer<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof GatewayError) return { ok: false, error: error.data };
    throw error;
  }
}

// The real workspace over Node's SQLite and a map for large files: what tests of tools, turns and skills stand on.
import type { Sql } from "../../src/durable/storage/sql.ts";
import { type Contents, openContents } from "../../src/durable/workspace/contents.ts";
import type { ObjectStore } from "../../src/durable/workspace/files/large-bodies.ts";
import { openTestSql } from "./sqlite.ts";

export interface TestWorkspace extends Contents {
  sql: Sql;
  /** Large files by key. */
  objects: Map<string, Uint8Array>;
  /** Writes text, and throws when that is refused. */
  writeText(path: string, text: string): Promise<void>;
  /** The text of a file; throws when there is none. */
  readText(path: string): Promise<string>;
}

export interface TestWorkspaceOptions {
  agentId?: string;
  now?: () => number;
  variables?: string[];
  /** Opens the workspace of an earlier one again, as after a restart. */
  reopen?: TestWorkspace;
  /** Stands in for the store of large files, to make it fail. */
  store?: Partial<ObjectStore>;
}

export function openTestWorkspace(options: TestWorkspaceOptions = {}): TestWorkspace {
  const sql = options.reopen?.sql ?? openTestSql();
  const objects = options.reopen?.objects ?? new Map<string, Uint8Array>();
  const contents = openContents({
    sql,
    objects: { ...storeOver(objects), ...options.store },
    agentId: options.agentId ?? "main",
    now: options.now ?? Date.now,
    variables: new Set(options.variables ?? []),
  });
  return {
    ...contents,
    sql,
    objects,
    async writeText(path, text) {
      const outcome = await contents.write(path, new TextEncoder().encode(text));
      if (!outcome.ok) throw new Error(outcome.error.message);
    },
    async readText(path) {
      const outcome = await contents.read(path);
      if (!outcome.ok) throw new Error(outcome.error.message);
      return new TextDecoder().decode(outcome.value.bytes);
    },
  };
}

function storeOver(objects: Map<string, Uint8Array>): ObjectStore {
  return {
    put: async (key, bytes) => void objects.set(key, bytes.slice()),
    get: async (key) => {
      const bytes = objects.get(key);
      return bytes ? { arrayBuffer: async () => bytes.slice().buffer } : null;
    },
    delete: async (keys) => {
      for (const key of keys) objects.delete(key);
    },
  };
}

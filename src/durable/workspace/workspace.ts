// The Durable Object of one agent's files, memory and skills; its name is the agent's id. A shell: storage, bindings, nothing else.
// The parts are put together in contents.ts. It must never run anything that its files say.
import { DurableObject } from "cloudflare:workers";
import type { FileChange, FileStamp, MarkedChange, WorkspacePort } from "../../contract/ports/workspace.ts";
import { type Env, textVariables } from "../env.ts";
import { openSql } from "../storage/sql.ts";
import { type Contents, openContents } from "./contents.ts";
import type { AttachedFile } from "./files/files.ts";
import type { GrepRequest } from "./files/grep.ts";
import type { SkillSwitches } from "./skills/skill-shelf.ts";

export class Workspace extends DurableObject<Env> implements WorkspacePort {
  readonly #contents: Contents;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#contents = openContents({
      sql: openSql(ctx.storage),
      objects: env.MEDIA,
      agentId: ctx.id.name ?? ctx.id.toString(),
      now: Date.now,
      variables: new Set(Object.keys(textVariables(env))),
    });
  }

  async bootstrap(knownFingerprint?: string, switches?: SkillSwitches) {
    return this.#contents.bootstrap(knownFingerprint, switches);
  }

  async read(path: string) {
    return this.#contents.read(path);
  }

  async write(path: string, bytes: Uint8Array, expected?: number | FileStamp) {
    return this.#contents.write(path, bytes, expected);
  }

  async remove(path: string, expected?: FileStamp) {
    return this.#contents.remove(path, expected);
  }

  async list(path: string, isDeep?: boolean) {
    return this.#contents.list(path, isDeep);
  }

  async apply(changes: FileChange[]) {
    return this.#contents.apply(changes);
  }

  async readEach(paths: string[]) {
    return this.#contents.readEach(paths);
  }

  async changeEach(changes: MarkedChange[]) {
    return this.#contents.changeEach(changes);
  }

  async take(file: AttachedFile, isReplacing: boolean) {
    return this.#contents.take(file, isReplacing);
  }

  async attach(files: AttachedFile[]) {
    return this.#contents.attach(files);
  }

  async grep(request: GrepRequest) {
    return this.#contents.grep(request);
  }

  async memorySearch(query: string, limit: number) {
    return this.#contents.memorySearch(query, limit);
  }

  async skills(switches?: SkillSwitches) {
    return this.#contents.skills(switches);
  }

  async storage() {
    return this.#contents.storage();
  }

  async versions(path: string) {
    return this.#contents.versions(path);
  }

  async readVersion(path: string, version: number) {
    return this.#contents.readVersion(path, version);
  }
}

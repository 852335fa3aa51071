// One comparison of a sandbox's folder with the agent's files at Skerry, and what follows from it. Each step is noted only when it
// is done: cut off anywhere, the next comparison finds the same work again, or finds it done.
import { createHash } from "node:crypto";
import { HomeRefused } from "../../../contract/errors.ts";
import type { FileStamp } from "../../../contract/ports/workspace.ts";
import { explainLack, roomOf } from "../disk.ts";
import { type AgentFiles, NONE, SMALL_BYTES } from "./agent-files.ts";
import { chooseSteps, FOLDER_MARK, MAX_FILE_BYTES } from "./choice.ts";
import { clauseOf, explainFault, NOT_BACK, type Note, Notes, type Say } from "./notes.ts";
import { inParallel } from "./parallel.ts";
import { besideName, type Here, isOutward, planSync, type Step } from "./plan.ts";
import type { MirrorState } from "./state.ts";
import { isDraft, type Seen, type Tree } from "./tree.ts";

const AT_ONCE = 4;
/** They travel together: as many as fill two requests. */
const SMALL_AT_ONCE = 128;
/** Several larger ones are not in memory at once. */
const LARGE_BYTES = 4 * 1024 * 1024;
/** How long a large file that could not be sent is not tried again: each try may take minutes of a command. */
const WAIT_MS = 10 * 60_000;
const SAVE_EVERY_MS = 5_000;
/** How long a comparison may take until it is said. */
const SILENCE_MS = 3_000;
const SAY_EVERY_MS = 15_000;

export interface SyncRequest {
  tree: Tree;
  files: AgentFiles;
  state: MirrorState;
  isReadOnly: boolean;
  /** Whether what changed here goes to Skerry now. */
  isOutward: boolean;
  /** Somebody works in the folder: what is being written is not waited for. */
  isBusy: boolean;
  /**
   * Before a command what is at Skerry has to come here; what cannot go there yet is no reason to refuse it. After one only what
   * changed here matters: when nothing did, Skerry is not asked.
   */
  when: "before" | "after";
  /** Large files that could not be sent, by when they are tried again; kept from one comparison to the next. */
  waiting: Map<string, number>;
  minFreeBytes: number;
  now(): number;
  say: Say;
}

/** Answers what somebody should know. @throws HomeRefused when it could not be finished. */
export async function syncFiles(request: SyncRequest): Promise<Note[]> {
  const sync = new Sync(request);
  try {
    return await sync.run();
  } finally {
    sync.save();
  }
}

class Sync {
  readonly #request: SyncRequest;
  readonly #notes: Notes;
  readonly #taken = new Set<string>();
  #savedAt: number;
  #saidAt: number;
  #hasNews = false;
  /** Why nothing more goes to Skerry in this comparison, which is before a command. */
  #delay: string | undefined;
  #toldBefore: number;

  constructor(request: SyncRequest) {
    this.#request = request;
    this.#notes = new Notes(request.state.told);
    this.#toldBefore = request.state.told.size;
    this.#savedAt = request.now();
    this.#saidAt = request.now() - SAY_EVERY_MS + SILENCE_MS;
  }

  async run(): Promise<Note[]> {
    const { tree, files, state, isReadOnly, when } = this.#request;
    const scan = await tree.scan();
    if (scan.isCut) {
      this.#notes.say({
        text: "There are more than 100,000 files and folders in the sandbox's /workspace, so nothing passes between it and the workspace. Remove some, or work below /tmp.",
      });
      return this.#notes.all();
    }
    const blocked = new Set([...scan.others.keys(), ...scan.blind]);
    const changed = await this.#findChanged(scan.files);
    const here: Here = { files: scan.files, folders: scan.folders, changed, blocked };
    if (when === "after" && !this.#hasChanged(here)) return this.#notes.all();
    if (!isReadOnly) this.#noteLeft(scan);
    for (const path of state.left.keys()) if (!scan.files.has(path) && !scan.folders.has(path)) state.left.delete(path);
    const there = await files.list();
    for (const path of there.keys()) if (isDraft(path)) there.delete(path);
    for (const path of [...there.keys(), ...scan.files.keys(), ...scan.folders]) this.#taken.add(path);
    const steps = chooseSteps({
      planned: planSync({ known: state.known, here, there, isReadOnly }),
      here,
      state,
      notes: this.#notes,
      isOutward: this.#request.isOutward,
      isEnd: when === "after",
      waiting: this.#request.waiting,
      now: this.#request.now(),
      leave: (path, reason, mark) => this.#leave(path, reason, mark),
    });
    await this.#checkRoom(steps);
    await this.#perform(steps, here);
    if (this.#delay !== undefined) this.#notes.say({ text: `${NOT_BACK}; it goes there with the next command. ${this.#delay}` });
    return this.#notes.all();
  }

  /** Never throws: what is not noted is found again. */
  save(): void {
    const { told } = this.#request.state;
    if (!this.#hasNews && told.size === this.#toldBefore) return;
    try {
      this.#request.state.save();
      this.#savedAt = this.#request.now();
      this.#hasNews = false;
      this.#toldBefore = told.size;
    } catch {
      // A full disk.
    }
  }

  /** Those whose content is not what is known. Reads only what the outside of a file cannot answer. */
  async #findChanged(found: ReadonlyMap<string, Seen>): Promise<Set<string>> {
    const { state, tree } = this.#request;
    const changed = new Set<string>();
    const unsure = [...found].filter(([path, { mark }]) => {
      const known = state.known.get(path);
      return known?.kind !== "file" || known.mark !== mark;
    });
    await inParallel(unsure, AT_ONCE, async ([path, seen]) => {
      const known = state.known.get(path);
      if (known?.kind !== "file" || seen.size > MAX_FILE_BYTES) {
        changed.add(path);
        return;
      }
      const read = await tree.read(path, MAX_FILE_BYTES).catch(() => undefined);
      if (!read?.isSettled || read.mark !== seen.mark || hashOf(read.bytes) !== known.hash) changed.add(path);
      else if (!seen.isFresh) {
        state.known.set(path, { ...known, mark: seen.mark });
        this.#hasNews = true;
      }
    });
    return changed;
  }

  #hasChanged({ files, folders, changed, blocked }: Here): boolean {
    const { known, left } = this.#request.state;
    const isNews = (path: string) => left.get(path) !== files.get(path)?.mark;
    if ([...changed].some(isNews)) return true;
    if ([...folders].some((path) => !known.has(path) && left.get(path) !== FOLDER_MARK)) return true;
    return [...known].some(([path, { kind }]) => {
      const isThere = kind === "file" ? files.has(path) : folders.has(path);
      return !isThere && !blocked.has(path);
    });
  }

  #noteLeft({ others, blind, nameless }: { others: Map<string, "link" | "other">; blind: Set<string>; nameless: number }): void {
    for (const [path, kind] of others) {
      this.#notes.left(path, kind === "link" ? "links are not passed on" : "neither a file nor a folder");
    }
    for (const path of blind) this.#notes.left(path, "the folder is closed, or too deep");
    if (nameless > 0) this.#notes.left(`${nameless} entries`, "their names are no text");
  }

  async #checkRoom(steps: readonly Step[]): Promise<void> {
    const { tree, minFreeBytes } = this.#request;
    const arriving = steps.filter((step) => step.do === "fetch" || step.do === "restore");
    const wanted = arriving.reduce((sum, { size }) => sum + size, 0);
    const room = wanted === 0 ? undefined : await roomOf(tree.root);
    if (!room) return;
    const { freeBytes, files, freeFiles } = room;
    const lack = explainLack({ files, freeBytes: freeBytes - wanted, freeFiles: freeFiles - arriving.length }, minFreeBytes);
    if (lack === undefined) return;
    throw new HomeRefused(
      "DISK_FULL",
      `The disk of this machine has ${megabytes(freeBytes)} MB left${files === 0 ? "" : ` and room for ${freeFiles} files`}; ${arriving.length} of the agent's files with ${megabytes(wanted)} MB cannot be brought into the sandbox. Free some space first.`,
    );
  }

  async #perform(steps: readonly Step[], here: Here): Promise<void> {
    let done = 0;
    const work = async (step: Step) => {
      const isWayOut = isOutward(step) && step.do !== "settle";
      if (isWayOut && this.#delay !== undefined) return;
      try {
        await this.#do(step, here);
      } catch (error) {
        if (isWayOut && sizeOf(step) > LARGE_BYTES) this.#request.waiting.set(step.path, this.#request.now() + WAIT_MS);
        if (error instanceof HomeRefused && isWayOut) this.#fail(error);
        else if (error instanceof HomeRefused) throw error;
        else this.#notes.left(step.path, explainFault(error));
      }
      done += 1;
      this.#report(done, steps.length);
    };
    for (const group of groupsOf(steps)) {
      const between = (least: number, most: number) =>
        group.filter((step) => (sizeOf(step) > least || least === 0) && sizeOf(step) <= most);
      // Folders go one after the other: the deepest first.
      if (group[0]?.do.includes("folder")) await inParallel(group, 1, work);
      else {
        await inParallel(between(0, SMALL_BYTES), SMALL_AT_ONCE, work);
        await inParallel(between(SMALL_BYTES, LARGE_BYTES), AT_ONCE, work);
        // The smallest first: what a slow line cannot carry keeps nothing else back.
        const large = between(LARGE_BYTES, Number.POSITIVE_INFINITY).sort((one, other) => sizeOf(one) - sizeOf(other));
        await inParallel(large, 1, work);
      }
    }
  }

  /** What could not go to Skerry. A command that is about to begin needs only what comes from there. */
  #fail(error: HomeRefused): void {
    if (this.#request.when === "after" || error.code !== "UNAVAILABLE") throw error;
    this.#delay = error.message;
  }

  #report(done: number, all: number): void {
    const { now, say } = this.#request;
    if (now() - this.#savedAt >= SAVE_EVERY_MS) this.save();
    if (done === all || now() - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = now();
    say({ text: `The agent's files are being compared with the sandbox's: ${done} of ${all} done …`, paths: [] });
  }

  async #do(step: Step, here: Here): Promise<void> {
    const { tree, files } = this.#request;
    const { path } = step;
    switch (step.do) {
      case "forget":
        return this.#forget(path);
      case "know-folder":
        return this.#knowFolder(path);
      case "fetch":
        return this.#fetch(path, step.before, step.size);
      case "restore":
        this.#notes.restored(path);
        return this.#fetch(path, undefined, step.size);
      case "drop":
        if (await tree.remove(path, step.before)) this.#forget(path);
        return;
      case "erase": {
        const { outcome } = await files.remove(path, step.stamp);
        // What may not go, and what is another one by now, comes back with the next comparison.
        if (outcome !== "conflict") this.#forget(path);
        return;
      }
      case "send":
        return this.#send(path, step.stamp, here);
      case "settle":
        return this.#settle(path);
      case "make-folder-here":
        await tree.makeFolder(path);
        return this.#knowFolder(path);
      case "make-folder-there": {
        const made = await files.makeFolder(path);
        if (made.outcome === "done") this.#knowFolder(path);
        else if (made.outcome === "refused") this.#leave(path, clauseOf(made.reason), FOLDER_MARK);
        return;
      }
      case "drop-folder":
        await tree.removeFolder(path);
        return this.#forget(path);
      case "erase-folder":
        await files.remove(path, NONE);
        return this.#forget(path);
      default:
        return step satisfies never;
    }
  }

  async #fetch(path: string, before: Seen | undefined, size: number): Promise<void> {
    const read = await this.#request.files.read(path, size);
    if (read.outcome !== "done") return;
    if (await this.#request.tree.place(path, read.bytes, before)) this.#know(path, read.stamp, read.bytes);
  }

  async #send(path: string, stamp: FileStamp, here: Here): Promise<void> {
    const { tree, files, isBusy } = this.#request;
    for (let round = 0; ; round++) {
      const read = await tree.read(path, MAX_FILE_BYTES + 1);
      if (!read) return;
      if (read.bytes.length > MAX_FILE_BYTES) return this.#notes.left(path, "larger than 25 MB");
      if (!read.isSettled) {
        if (!isBusy && round < 3) continue;
        return this.#notes.left(path, "it is being written; it comes with the next command");
      }
      const sent = await files.write(path, read.bytes, stamp);
      if (sent.outcome === "done") return this.#know(path, sent.stamp, read.bytes, read);
      if (sent.outcome === "conflict") return this.#settle(path);
      if (sent.outcome === "refused") {
        this.#leave(path, clauseOf(sent.reason), here.files.get(path)?.mark ?? "");
      }
      return;
    }
  }

  /** Skerry's stays; what is here and differs goes beside it. */
  async #settle(path: string): Promise<void> {
    const { tree, files, now } = this.#request;
    const [theirs, ours] = [await files.read(path), await tree.read(path, MAX_FILE_BYTES + 1)];
    if (theirs.outcome === "refused" || theirs.outcome === "conflict") {
      this.#notes.left(path, "the workspace has a folder of that name");
      return;
    }
    if (!ours) return;
    if (theirs.outcome === "done" && hashOf(theirs.bytes) === hashOf(ours.bytes)) {
      return this.#know(path, theirs.stamp, ours.bytes, ours);
    }
    const beside = besideName(path, now(), (one) => this.#taken.has(one));
    this.#taken.add(beside);
    if (!(await tree.rename(path, beside))) return;
    this.#notes.conflict(path, beside);
    this.#forget(path);
    if (theirs.outcome === "done" && (await tree.place(path, theirs.bytes, undefined))) {
      this.#know(path, theirs.stamp, theirs.bytes);
    }
    const kept = await tree.read(beside, MAX_FILE_BYTES + 1);
    if (!kept) return;
    if (kept.bytes.length > MAX_FILE_BYTES) return this.#notes.left(beside, "larger than 25 MB");
    const sent = await files.write(beside, kept.bytes, NONE).catch((error: unknown) => {
      // It is a new file in the sandbox now, and is found as such.
      if (error instanceof HomeRefused) this.#fail(error);
      else throw error;
    });
    if (!sent) return;
    if (sent.outcome === "done") this.#know(beside, sent.stamp, kept.bytes, kept);
    else if (sent.outcome === "refused") this.#notes.left(beside, clauseOf(sent.reason));
  }

  /** `seen`: how it looks in the folder; without it, it has to be read the next time. */
  #know(path: string, stamp: FileStamp, bytes: Uint8Array, seen?: Seen): void {
    const mark = seen && !seen.isFresh ? seen.mark : "";
    this.#request.state.known.set(path, { kind: "file", hash: hashOf(bytes), mark, ...stamp });
    this.#request.state.left.delete(path);
    this.#request.waiting.delete(path);
    // What holds a file on both sides is a folder on both.
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) this.#knowFolder(path.slice(0, end));
    this.#hasNews = true;
  }

  /** Not tried again as long as it is as it is. */
  #leave(path: string, reason: string, mark: string): void {
    this.#notes.left(path, reason);
    this.#request.state.left.set(path, mark);
    this.#hasNews = true;
  }

  #knowFolder(path: string): void {
    this.#request.state.known.set(path, { kind: "folder" });
    this.#hasNews = true;
  }

  #forget(path: string): void {
    this.#request.state.known.delete(path);
    this.#request.state.left.delete(path);
    this.#hasNews = true;
  }
}

/** Steps that may be done beside each other. */
function groupsOf(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0]?.do === step.do) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

/** Of a step that settles two versions it is not known. */
function sizeOf(step: Step): number {
  if (step.do === "settle") return LARGE_BYTES;
  return "size" in step ? step.size : 0;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}

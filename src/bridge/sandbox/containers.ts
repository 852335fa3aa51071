// The containers of this installation: one a key, made when it is first needed, made anew when what it was made from changed or
// when it is not running any more, taken away when nobody used it for long. Never touches one without our labels.
import { chmodSync, chownSync, mkdirSync, statSync, utimesSync } from "node:fs";
import { readdir, readFile, realpath, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { SandboxStatus } from "../../contract/home/commands.ts";
import {
  type ContainerPlan,
  type ContainerUser,
  chooseUser,
  containerName,
  LABEL,
  NOBODY,
  planContainer,
  type SandboxPlace,
} from "./container-plan.ts";
import { explainLack, roomOf } from "./disk.ts";
import { type Engine, type EngineReply, refuse } from "./engine.ts";
import { countProcesses, runInside } from "./exec.ts";
import { requireImage } from "./image.ts";
import type { ContainerHandle } from "./running.ts";

const IDLE_MS = 24 * 3_600_000;
const OLD_MS = 7 * 24 * 3_600_000;
/** What a sandbox left in its /workspace. */
const FORGOTTEN_MS = 30 * 24 * 3_600_000;
const SETUP_MS = 10 * 60_000;
const STATE_FOLDER = /^skerry-[0-9a-f]{20}$/;
const MADE_ANEW =
  "Its sandbox was made anew while it ran, because a command came with other settings for it; sessions that share a sandbox need the same ones.";
const TAKEN_WITH =
  "Another command in its sandbox could not be ended, so the sandbox was taken away with all that ran in it; the next command gets a new one.";

export interface ContainersOptions {
  /** Of the sandbox's own, below the bridge's state folder. */
  dir: string;
  installation: string;
  defaultImage: string;
  networks: readonly string[];
  minFreeBytes: number;
  filesFolder(place: SandboxPlace): Promise<string>;
  now(): number;
  log(text: string, isBad?: boolean): void;
}

interface Inspected {
  Id: string;
  Image: string;
  State?: { Running?: boolean };
  Config?: { Labels?: Record<string, string> | null };
}

interface Listed {
  Id: string;
  Names?: string[];
  Image: string;
  State?: string;
  Created: number;
  Labels?: Record<string, string> | null;
}

export class Containers {
  readonly #options: ContainersOptions;
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #handles = new Map<string, ContainerHandle>();
  /** By name of the container: what runs in it now. */
  readonly #running = new Map<string, number>();
  #hasInit = true;

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** One that runs and is made as the place says. @throws HomeRefused */
  open(engine: Engine, place: SandboxPlace): Promise<ContainerHandle> {
    const name = containerName(this.#options.installation, place);
    return this.#inTurn(name, () => this.#open(engine, place, name));
  }

  /** Folder of this machine that is /workspace, and whom files in it belong to; made when it is not there. */
  async folderOf(place: SandboxPlace): Promise<{ folder: string; owner: { uid: number; gid: number } }> {
    if (place.workspace !== "none") {
      const folder = await realpath(await this.#options.filesFolder(place));
      return { folder, owner: ownerOf(folder) };
    }
    const name = containerName(this.#options.installation, place);
    const folder = join(this.#stateOf(name), "workspace");
    // Whoever only looks at its files uses it, too.
    this.#touch(name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const before = statSync(folder);
    if (process.getuid?.() === 0 && before.uid === 0) chownSync(folder, NOBODY, NOBODY);
    if ((before.mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
    return { folder: await realpath(folder), owner: ownerOf(folder) };
  }

  /** Says that something runs in it now, until the answer is called. */
  occupy(name: string): () => void {
    this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
    this.#touch(name);
    return () => {
      this.#running.set(name, (this.#running.get(name) ?? 1) - 1);
      this.#touch(name);
    };
  }

  async remove(engine: Engine, id: string): Promise<void> {
    const reply = await engine.ask("DELETE", `/containers/${id}`, { query: { force: "true", v: "true" } });
    // Somebody else was faster, or is at it.
    if (reply.status >= 300 && reply.status !== 404 && reply.status !== 409) throw refuse(reply, "remove a container");
  }

  /** With all that runs in it, whoever began that. */
  async discard(engine: Engine, handle: ContainerHandle, reason = TAKEN_WITH): Promise<void> {
    handle.removedFor = reason;
    try {
      await this.remove(engine, handle.id);
    } catch (error) {
      delete handle.removedFor;
      throw error;
    }
  }

  /** Takes away those that were idle for a day or are a week old, and folders that nobody used for a month. Answers how many of the former. */
  async prune(engine: Engine): Promise<number> {
    const { now, log } = this.#options;
    let removed = 0;
    for (const one of await this.#list(engine)) {
      const name = nameOf(one);
      await this.#inTurn(name, async () => {
        const isIdle = now() - this.#usedAt(one) >= IDLE_MS || now() - one.Created * 1000 >= OLD_MS;
        if (!isIdle || (this.#running.get(name) ?? 0) > 0) return;
        await this.remove(engine, one.Id);
        // A folder with nothing in it is made again when it is needed.
        await rmdir(join(this.#stateOf(name), "workspace")).catch(() => undefined);
        removed += 1;
      });
    }
    if (removed > 0) log(`${removed} idle sandboxes were removed.`);
    await this.#pruneFolders();
    return removed;
  }

  async #pruneFolders(): Promise<void> {
    const { dir, now, log } = this.#options;
    let removed = 0;
    for (const name of await readdir(dir)) {
      if (!STATE_FOLDER.test(name)) continue;
      await this.#inTurn(name, async () => {
        const usedAt = this.#markedAt(name) ?? statSync(join(dir, name)).mtimeMs;
        if (now() - usedAt < FORGOTTEN_MS || (this.#running.get(name) ?? 0) > 0) return;
        await rm(join(dir, name), { recursive: true, force: true });
        removed += 1;
      }).catch((error: unknown) =>
        log(`The folder ${join(dir, name)} of an old sandbox was not removed: ${String(error)}`, true),
      );
    }
    if (removed > 0) log(`${removed} folders of sandboxes that nobody used for a month were removed.`);
  }

  /** When the bridge starts: processes that an earlier run left behind have nobody who reads them. */
  async sweep(engine: Engine): Promise<void> {
    for (const one of await this.#list(engine)) {
      const name = nameOf(one);
      // A command that comes meanwhile waits, and is never in one that is about to go.
      await this.#inTurn(name, async () => {
        const isBusy = () => (this.#running.get(name) ?? 0) > 0;
        if (one.State !== "running" || isBusy()) return;
        // Of its own it has an init, a shell and its sleep.
        const isClean = (await countProcesses(engine, one.Id)) <= 3;
        if (!isClean && !isBusy()) await this.remove(engine, one.Id);
      });
    }
  }

  async list(engine: Engine): Promise<SandboxStatus["containers"]> {
    return (await this.#list(engine)).map((one) => ({
      name: nameOf(one),
      key: one.Labels?.[LABEL.key] ?? "",
      image: one.Image,
      isRunning: one.State === "running",
      usedAt: this.#usedAt(one),
    }));
  }

  async #open(engine: Engine, place: SandboxPlace, name: string): Promise<ContainerHandle> {
    const { installation, defaultImage, networks, minFreeBytes } = this.#options;
    const { folder, owner } = await this.folderOf(place);
    const { dev, ino } = statSync(folder);
    const lack = explainLack(await roomOf(folder), minFreeBytes);
    if (lack !== undefined) {
      throw new HomeRefused("DISK_FULL", `${lack}, so nothing is started in the sandbox. Free some space first.`);
    }
    const image = place.image ?? defaultImage;
    const [found, picture] = await Promise.all([
      engine.ask("GET", `/containers/${name}/json`),
      requireImage(engine, image, defaultImage),
    ]);
    const user = chooseUser(engine.facts, owner);
    const plan = (hasInit: boolean) =>
      planContainer({
        place,
        installation,
        image,
        imageVolumes: picture.volumes,
        folder,
        folderNumber: `${dev}-${ino}`,
        user,
        engine: engine.facts,
        networks,
        hasInit,
      });
    const wanted = plan(this.#hasInit);
    if (found.status === 200) {
      const there = found.body as Inspected;
      this.#checkOwn(there, name);
      if (await this.#isUsable(there, wanted, picture.id, place, name)) return this.#handleOf(there.Id, name, place, folder);
      if (there.State?.Running !== true) await this.remove(engine, there.Id);
      else await this.discard(engine, this.#handleOf(there.Id, name, place, folder), MADE_ANEW);
    } else if (found.status !== 404) throw refuse(found, "look after the sandbox");
    await this.#checkNetwork(engine, place.network);
    const id = await this.#make(engine, wanted, plan);
    const handle = this.#handleOf(id, name, place, folder);
    if (place.setup !== undefined) await this.#setUp(engine, handle, place, user);
    return handle;
  }

  async #isUsable(there: Inspected, wanted: ContainerPlan, imageId: string, place: SandboxPlace, name: string): Promise<boolean> {
    const isBusy = (this.#running.get(name) ?? 0) > 0;
    return (
      // One that stopped has lost what was in /tmp, and what its setup made there.
      there.State?.Running === true &&
      there.Config?.Labels?.[LABEL.settings] === wanted.settings &&
      (sameImage(there.Image, imageId) || isBusy) &&
      (place.setup === undefined || (await this.#setupDoneIn(name)) === there.Id)
    );
  }

  /** @throws HomeRefused when it is somebody else's. */
  #checkOwn(there: Inspected, name: string): void {
    if (there.Config?.Labels?.[LABEL.installation] === this.#options.installation) return;
    throw new HomeRefused(
      "CONFLICT",
      `There is a container ${name} that is not this Skerry's. Rename it or remove it, then try again.`,
    );
  }

  async #checkNetwork(engine: Engine, network: string): Promise<void> {
    if (network === "none") return;
    const reply = await engine.ask("GET", `/networks/${network}`);
    if (reply.status === 404) {
      throw new HomeRefused(
        "NOT_FOUND",
        `The engine has no network "${network}". Make it with: docker network create ${network}`,
      );
    }
    if (reply.status !== 200) throw refuse(reply, `tell about the network "${network}"`);
    const { Driver: driver, Name: name } = reply.body as { Driver?: string; Name?: string };
    // An id, or the beginning of one, would lead to a network under another name.
    if (driver === "host" || name !== network) {
      throw new HomeRefused("FORBIDDEN", `"${network}" is no network for a sandbox: it is this machine's own, or not its name.`);
    }
  }

  async #make(engine: Engine, wanted: ContainerPlan, plan: (hasInit: boolean) => ContainerPlan): Promise<string> {
    const made = await engine.ask("POST", "/containers/create", { query: { name: wanted.name }, body: wanted.body });
    if (made.status !== 201) throw refuse(made, "make the sandbox's container");
    const { Id: id } = made.body as { Id: string };
    const started = await engine.ask("POST", `/containers/${id}/start`, { timeoutMs: 60_000 });
    if (started.status < 300) return id;
    await this.remove(engine, id);
    if (this.#hasInit && /docker-init|catatonit|tini/i.test(started.message)) {
      // The engine came without its init; the container's own first process takes in orphans then.
      this.#hasInit = false;
      return this.#make(engine, plan(false), plan);
    }
    throw refuse(started, "start the sandbox's container");
  }

  /** @throws HomeRefused with what it said; the container is taken away, so that the next use tries again. */
  async #setUp(engine: Engine, handle: ContainerHandle, place: SandboxPlace, user: ContainerUser): Promise<void> {
    const said: Uint8Array[] = [];
    let bytes = 0;
    const keep = (chunk: Uint8Array) => {
      bytes += chunk.length;
      said.push(chunk);
      while (said.length > 1 && bytes - (said[0]?.length ?? 0) > 256 * 1024) bytes -= said.shift()?.length ?? 0;
    };
    const log = join(this.#stateOf(handle.name), "setup.log");
    const save = () => writeFile(log, Buffer.concat(said), { mode: 0o600 });
    try {
      const { exitCode } = await runInside(engine, {
        container: handle.id,
        argv: ["/bin/sh", "-c", `exec 2>&1\n${place.setup ?? ""}`],
        env: homeOf(place),
        timeoutMs: SETUP_MS,
        onOutput: keep,
      });
      await save();
      if (exitCode !== 0) {
        const tail = Buffer.concat(said).toString("utf8").trim().slice(-600);
        throw new HomeRefused(
          "UNAVAILABLE",
          `The setup command of the sandbox failed with exit code ${exitCode} (it runs as user ${user.uid}, the root is read-only). It said: ${tail || "nothing"}`,
        );
      }
      await writeFile(this.#setupPath(handle.name), handle.id, { mode: 0o600 });
    } catch (error) {
      await save().catch(() => undefined);
      await this.remove(engine, handle.id).catch(() => undefined);
      throw error;
    }
  }

  async #setupDoneIn(name: string): Promise<string | undefined> {
    return readFile(this.#setupPath(name), "utf8").catch(() => undefined);
  }

  #setupPath(name: string): string {
    return join(this.#stateOf(name), "setup-done");
  }

  #handleOf(id: string, name: string, place: SandboxPlace, folder: string): ContainerHandle {
    // Opened is used: whoever tidies up in the next moment leaves it.
    this.#touch(name);
    const known = this.#handles.get(name);
    if (known?.id === id) return known;
    const handle = { id, name, folder, memoryMb: place.memoryMb, oomKills: 0 };
    this.#handles.set(name, handle);
    return handle;
  }

  async #list(engine: Engine): Promise<Listed[]> {
    const filters = JSON.stringify({ label: [`${LABEL.installation}=${this.#options.installation}`] });
    const reply: EngineReply = await engine.ask("GET", "/containers/json", { query: { all: "true", filters } });
    if (reply.status !== 200) throw refuse(reply, "list its containers");
    // Looked at again here: an engine that does not know the filter would list everybody's.
    return (reply.body as Listed[]).filter((one) => one.Labels?.[LABEL.installation] === this.#options.installation);
  }

  #usedAt(one: Listed): number {
    return this.#markedAt(nameOf(one)) ?? one.Created * 1000;
  }

  #markedAt(name: string): number | undefined {
    const mark = statSync(join(this.#options.dir, name, "used"), { throwIfNoEntry: false });
    return mark && Math.round(mark.mtimeMs);
  }

  #touch(name: string): void {
    const at = this.#options.now() / 1000;
    const mark = join(this.#stateOf(name), "used");
    try {
      utimesSync(mark, at, at);
    } catch {
      void writeFile(mark, "", { mode: 0o600 })
        .then(() => utimesSync(mark, at, at))
        .catch(() => undefined);
    }
  }

  #stateOf(name: string): string {
    const dir = join(this.#options.dir, name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
  }

  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#queues.get(name) ?? Promise.resolve()).then(work, work);
    const rest = turn.catch(() => undefined);
    this.#queues.set(name, rest);
    void rest.then(() => {
      if (this.#queues.get(name) === rest) this.#queues.delete(name);
    });
    return turn;
  }
}

/** Where programs keep what is their own: not among the agent's files. */
export function homeOf(place: SandboxPlace): Record<string, string> {
  return { HOME: place.workspace === "none" ? "/workspace" : "/tmp", LANG: "C.UTF-8", ...place.env };
}

function ownerOf(folder: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(folder);
  return { uid, gid };
}

function nameOf(one: Listed): string {
  return (one.Names?.[0] ?? one.Id).replace(/^\//, "");
}

/** Engines write the same id with and without its kind. */
function sameImage(one: string, other: string): boolean {
  return one.replace(/^sha256:/, "") === other.replace(/^sha256:/, "");
}

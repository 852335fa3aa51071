// The containers of this installation: one a key, made when it is first needed, made anew when what it was made from changed or
// when it is not running any more, taken away when nobody used it for long. Never touches one without our labels.
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, utimesSync } from "node:fs";
import { readFile, realpath, rmdir, writeFile } from "node:fs/promises";
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
import { runInside } from "./exec.ts";
import { requireImage } from "./image.ts";
import type { ContainerHandle } from "./running.ts";

const IDLE_MS = 24 * 3_600_000;
const OLD_MS = 7 * 24 * 3_600_000;
const SETUP_MS = 10 * 60_000;

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
    const folder = join(this.#stateOf(containerName(this.#options.installation, place)), "workspace");
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

  /** Takes away those that were idle for a day or are a week old. Answers how many. */
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
    return removed;
  }

  /** When the bridge starts: processes that an earlier run left behind have nobody who reads them. */
  async sweep(engine: Engine): Promise<void> {
    for (const one of await this.#list(engine)) {
      if (one.State !== "running" || (this.#running.get(nameOf(one)) ?? 0) > 0) continue;
      const reply = await engine.ask("GET", `/containers/${one.Id}/top`);
      const { Processes: processes } = (reply.body ?? {}) as { Processes?: string[][] };
      // Of its own it has an init, a shell and its sleep.
      if (reply.status !== 200 || (processes?.length ?? 0) > 3) await this.remove(engine, one.Id);
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
      await this.remove(engine, there.Id);
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
    const mark = join(this.#stateOf(nameOf(one)), "used");
    return existsSync(mark) ? Math.round(statSync(mark).mtimeMs) : one.Created * 1000;
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

// A real container engine for tests: one that is named and answers, else a dockerd of our own on a socket in a temporary
// folder, installed where that is possible without asking. Its image is made of Debian packages: those that the Dockerfile of
// the sandbox names, so that what it promises is there. Stops by itself.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Engine } from "../../src/bridge/sandbox/engine.ts";
import { findEngine } from "../../src/bridge/sandbox/engine-search.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const CACHE = join(ROOT, ".cache/sandbox");
const PACKAGES = ["docker.io", "iptables", "debootstrap", "curl"];
const DOCKERFILE = join(ROOT, "sandbox/image/Dockerfile");

export interface TestEngine {
  engine: Engine;
  socket: string;
  /** Environment that finds this engine and nothing else of this machine. */
  environment: NodeJS.ProcessEnv;
  /** Makes an image of a folder's or an archive's content. */
  importImage(name: string, archive: string): Promise<void>;
  /** Kills the daemon, as a crash would. Only where it is our own. */
  crash(): Promise<void>;
  /** Starts it again on the same socket. */
  restart(): Promise<void>;
  isOwn: boolean;
  stop(): Promise<void>;
}

/** Why tests of the sandbox are left out here, said loudly; undefined: they run. @throws where they have to run. */
export function skipReason(): string | undefined {
  const reason = whyNoEngine();
  if (reason === undefined) return undefined;
  const text = `NOT TESTED: the sandbox needs a container engine, and ${reason}.`;
  if (process.env["CI"] !== undefined) throw new Error(text);
  console.error(text);
  return reason;
}

function whyNoEngine(): string | undefined {
  if (process.env["SKERRY_TEST_ENGINE"] !== undefined) return undefined;
  if (process.platform !== "linux") return "tests start an engine of their own only on Linux; name one with SKERRY_TEST_ENGINE";
  if (process.getuid?.() !== 0) return "starting an engine needs root; name one with SKERRY_TEST_ENGINE=/var/run/docker.sock";
  if (!hasCommand("dockerd") && !hasCommand("apt-get")) return "there is neither dockerd nor apt-get to install it";
  return undefined;
}

/** @throws when there can be none. */
export async function startEngine(): Promise<TestEngine> {
  const reason = whyNoEngine();
  if (reason !== undefined) throw new Error(reason);
  const named = process.env["SKERRY_TEST_ENGINE"];
  if (named !== undefined) return describe(await findEngine({ socket: named, environment: {} }), named, undefined);
  installPackages();
  // Short: the path of a socket has at most 107 bytes.
  const dir = mkdtempSync(join(tmpdir(), "skd-"));
  const socket = join(dir, "docker.sock");
  const daemon = new Daemon(dir, socket);
  await daemon.start();
  return describe(await findEngine({ socket, environment: {} }), socket, daemon);
}

/** The file system of the sandbox's image as an archive; made once and kept. */
export function imageArchive(): string {
  const packages = packagesOf(readFileSync(DOCKERFILE, "utf8"));
  const suite = /^FROM debian:(\w+)-slim$/m.exec(readFileSync(DOCKERFILE, "utf8"))?.[1];
  if (suite === undefined) throw new Error("The Dockerfile of the sandbox is not based on debian:<suite>-slim any more.");
  const hash = createHash("sha256")
    .update([suite, ...packages].join(" "))
    .digest("hex")
    .slice(0, 12);
  const archive = join(CACHE, `${suite}-${hash}.tar`);
  if (!existsSync(archive)) {
    installPackages();
    inTurn(() => existsSync(archive) || makeArchive(archive, suite, packages));
  }
  return archive;
}

function makeArchive(archive: string, suite: string, packages: string[]): void {
  const root = mkdtempSync(join(tmpdir(), "skroot-"));
  try {
    console.log(`Making the sandbox's image for tests (debootstrap ${suite}, about a minute) …`);
    run("debootstrap", ["--variant=minbase", `--include=${packages.join(",")}`, suite, root]);
    run("tar", ["-C", root, "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "-cf", `${archive}.new`, "."]);
    renameSync(`${archive}.new`, archive);
  } finally {
    spawnSync("umount", ["-q", join(root, "proc")]);
    rmSync(root, { recursive: true, force: true });
    rmSync(`${archive}.new`, { force: true });
  }
}

export function packagesOf(dockerfile: string): string[] {
  const words = /apt-get install -y --no-install-recommends ([\s\S]*?)&&/.exec(dockerfile)?.[1] ?? "";
  return words.split(/[\s\\]+/).filter((word) => /^[a-z0-9][a-z0-9.+-]+$/.test(word));
}

class Daemon {
  readonly #dir: string;
  readonly #socket: string;
  #child: ChildProcess | undefined;

  constructor(dir: string, socket: string) {
    this.#dir = dir;
    this.#socket = socket;
  }

  async start(): Promise<void> {
    const log = openSync(join(this.#dir, "log"), "a");
    // After a crash: numbers of processes that went with it.
    for (const path of ["pid", "exec/containerd/containerd.pid"]) rmSync(join(this.#dir, path), { force: true });
    this.#child = spawn(
      "dockerd",
      [
        ["--data-root", join(this.#dir, "root")],
        ["--exec-root", join(this.#dir, "exec")],
        ["--pidfile", join(this.#dir, "pid")],
        ["--host", `unix://${this.#socket}`],
        ["--exec-opt", "native.cgroupdriver=cgroupfs"],
        // It changes nothing of this machine's network: the tests need none but what they make.
        ["--bridge", "none", "--iptables=false"],
      ].flat(),
      { stdio: ["ignore", log, log] },
    );
    closeSync(log);
    for (let round = 0; round < 240; round++) {
      if (this.#child.exitCode !== null) break;
      const isUp = await findEngine({ socket: this.#socket, environment: {} }).then(
        () => true,
        () => false,
      );
      if (isUp) return;
      await new Promise((done) => setTimeout(done, 250));
    }
    const said = readFileSync(join(this.#dir, "log"), "utf8").slice(-2000);
    await this.end("SIGKILL");
    throw new Error(`dockerd did not start:\n${said}`);
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }

  /** Its containerd, which outlives a crash of it, and its mounts. */
  clear(): void {
    const pid = join(this.#dir, "exec/containerd/containerd.pid");
    if (existsSync(pid)) {
      try {
        process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
      } catch {
        // It went with its daemon.
      }
    }
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
    for (const line of mounts.reverse()) {
      const at = line.split(" ")[1] ?? "";
      if (at.startsWith(`${this.#dir}/`)) spawnSync("umount", ["-l", at]);
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function describe(engine: Engine, socket: string, daemon: Daemon | undefined): TestEngine {
  return {
    engine,
    socket,
    environment: { DOCKER_HOST: `unix://${socket}` },
    isOwn: daemon !== undefined,
    async importImage(name, archive) {
      if ((await engine.ask("GET", `/images/${name}/json`)).status === 200) return;
      // Podman 4 does not hear of a tag that is told by itself.
      await upload(socket, `/images/create?fromSrc=-&repo=${name}`, archive);
    },
    async crash() {
      if (!daemon) throw new Error("Only an engine of our own may be killed.");
      await daemon.end("SIGKILL");
    },
    async restart() {
      await daemon?.start();
    },
    async stop() {
      if (!daemon) return;
      const filters = JSON.stringify({ label: ["skerry.installation"] });
      const reply = await engine.ask("GET", "/containers/json", { query: { all: "true", filters } }).catch(() => undefined);
      for (const { Id: id } of (reply?.body ?? []) as { Id: string }[]) {
        await engine.ask("DELETE", `/containers/${id}`, { query: { force: "true", v: "true" } });
      }
      await daemon.end("SIGTERM");
      daemon.clear();
    },
  };
}

/** An archive may be larger than memory should be used for it. */
function upload(socket: string, path: string, archive: string): Promise<void> {
  return new Promise((done, fail) => {
    const curl = spawn("curl", [
      ...["--silent", "--show-error", "--fail", "--unix-socket", socket, "-X", "POST"],
      ...["-H", "content-type: application/x-tar", "-H", "expect:", "-H", `content-length: ${statSync(archive).size}`],
      ...["-T", archive, `http://engine${path}`],
    ]);
    let said = "";
    curl.stdout.on("data", (chunk) => {
      said += chunk;
    });
    curl.stderr.on("data", (chunk) => {
      said += chunk;
    });
    curl.once("error", fail);
    curl.once("exit", (code) => (code === 0 && !said.includes('"error"') ? done() : fail(new Error(`import failed: ${said}`))));
  });
}

function installPackages(): void {
  const areThere = () => ["dockerd", "iptables", "debootstrap", "curl"].every(hasCommand);
  if (areThere()) return;
  inTurn(() => {
    if (areThere()) return;
    console.log(`Installing ${PACKAGES.join(", ")} for the sandbox's tests …`);
    run("apt-get", ["update", "-qq"]);
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...PACKAGES]);
  });
}

/** Files of tests run beside each other, in processes of their own: one of them makes what all need. `name`: of what is made. */
export function inTurn(work: () => unknown, name = "lock"): void {
  mkdirSync(CACHE, { recursive: true });
  const lock = join(CACHE, name);
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch {
      const holder = existsSync(lock) ? readFileSync(lock, "utf8") : "";
      if (holder !== "" && !existsSync(`/proc/${holder}`)) rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

export function hasCommand(name: string): boolean {
  return spawnSync("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${name}`]).status === 0;
}

export function run(command: string, args: string[]): void {
  execFileSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
  });
}

// Which container engine of this machine is used: the one that is named, or the first that answers where engines usually
// listen. One that is named and does not answer is told, never replaced by another.
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import { Engine, type EngineFacts, refuse } from "./engine.ts";

export interface EngineSearch {
  /** Path of its socket, from the bridge's own configuration. */
  socket?: string | undefined;
  environment: NodeJS.ProcessEnv;
  /** Who runs this program; absent: as the system says. */
  uid?: number | undefined;
}

/** Newest interface that this program was written for. An engine that wants a newer one at least is asked in that. */
const NEWEST_API = "1.51";

interface Version {
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  Components?: { Name?: string }[] | null;
}

interface Info {
  OSType?: string;
  SecurityOptions?: string[] | null;
  MemoryLimit?: boolean;
  PidsLimit?: boolean;
  CpuCfsQuota?: boolean;
  CPUCfsQuota?: boolean;
}

interface PodmanInfo {
  host?: {
    cgroupVersion?: string;
    cgroupControllers?: string[] | null;
    security?: { rootless?: boolean; seccompEnabled?: boolean; selinuxEnabled?: boolean };
  };
}

/** Of Podman's own interface: the oldest that says what is asked. */
const PODMAN_API = "v4.0.0";

/** @throws HomeRefused NO_ENGINE, with what to do. */
export async function findEngine(search: EngineSearch): Promise<Engine> {
  const sockets = listSockets(search);
  const refusals: HomeRefused[] = [];
  for (const socket of sockets) {
    try {
      return await openEngine(socket);
    } catch (error) {
      if (!(error instanceof HomeRefused)) throw error;
      refusals.push(error);
    }
  }
  const [first] = refusals;
  // One that is there and is forbidden says more than those that are not there.
  const telling = refusals.find(({ message }) => !message.startsWith("No container engine answers")) ?? first;
  if (telling && (sockets.length === 1 || telling !== first || !telling.message.startsWith("No container"))) throw telling;
  throw new HomeRefused(
    "NO_ENGINE",
    `No container engine answers at ${sockets.join(", ")}: install Docker or Podman, or start it.`,
    first,
  );
}

/** In the order in which they are tried. @throws HomeRefused when the named one cannot serve. */
export function listSockets({ socket, environment, uid = process.getuid?.() }: EngineSearch): string[] {
  const named = socket ?? environment["DOCKER_HOST"];
  if (named !== undefined && named !== "") {
    if (/^unix:\/\//.test(named)) return [named.slice("unix://".length)];
    if (named.startsWith("/")) return [named];
    throw new HomeRefused(
      "NO_ENGINE",
      `${named} is no engine of this machine. The sandbox mounts folders of this machine, so it needs a socket here: unix:///var/run/docker.sock, for example.`,
    );
  }
  // Whoever came by su or from a timetable has the folder, but nothing told them of it.
  const runtime = environment["XDG_RUNTIME_DIR"] || (process.platform === "linux" && uid ? `/run/user/${uid}` : undefined);
  const home = environment["HOME"];
  const temporary = environment["TMPDIR"];
  return [
    "/var/run/docker.sock",
    ...(runtime ? [join(runtime, "docker.sock")] : []),
    ...(home
      ? [
          ".docker/run/docker.sock",
          ".docker/desktop/docker.sock",
          ".colima/default/docker.sock",
          ".orbstack/run/docker.sock",
        ].map((path) => join(home, path))
      : []),
    ...(runtime ? [join(runtime, "podman/podman.sock")] : []),
    "/run/podman/podman.sock",
    ...(temporary ? [join(temporary, "podman/podman-machine-default-api.sock")] : []),
  ];
}

async function openEngine(socket: string): Promise<Engine> {
  const unknown: EngineFacts = {
    name: "Docker",
    version: "",
    isRootless: false,
    socket,
    api: "",
    hasSeccomp: false,
    hasSelinux: false,
    limits: { memory: false, pids: false, cpu: false },
  };
  const door = new Engine(unknown);
  const version = await readReply<Version>(door, "/version");
  const api = `v${chooseApi(version.ApiVersion ?? NEWEST_API, version.MinAPIVersion ?? "1.24")}`;
  const info = await readReply<Info>(new Engine({ ...unknown, api }), "/info");
  if ((info.OSType ?? "linux") !== "linux") {
    throw new HomeRefused(
      "NO_ENGINE",
      `The container engine at ${socket} runs ${info.OSType} containers; Linux ones are needed.`,
    );
  }
  const guards = info.SecurityOptions ?? [];
  const seccomp = guards.find((guard) => guard.startsWith("name=seccomp"));
  const facts: EngineFacts = {
    ...unknown,
    api,
    version: version.Version ?? "unknown",
    isRootless: guards.includes("name=rootless"),
    hasSeccomp: seccomp !== undefined && !seccomp.includes("unconfined"),
    hasSelinux: guards.some((guard) => guard.startsWith("name=selinux")),
    limits: {
      memory: info.MemoryLimit === true,
      pids: info.PidsLimit === true,
      cpu: info.CpuCfsQuota === true || info.CPUCfsQuota === true,
    },
  };
  const isPodman = version.Components?.some(({ Name }) => /podman/i.test(Name ?? "")) === true;
  return new Engine(isPodman ? await readPodman(facts) : facts);
}

/** Docker's words for Podman leave out that it is rootless, and promise limits that it then cannot keep. Its own tell. */
async function readPodman(facts: EngineFacts): Promise<EngineFacts> {
  const { host } = await readReply<PodmanInfo>(new Engine({ ...facts, api: PODMAN_API }), "/libpod/info");
  const controllers = host?.cgroupControllers ?? [];
  const isRootless = host?.security?.rootless === true;
  // Without root, the first version of cgroups lets nobody limit anything.
  const canLimit = !isRootless || host?.cgroupVersion === "v2";
  const has = (controller: string) => canLimit && (!isRootless || controllers.includes(controller));
  return {
    ...facts,
    name: "Podman",
    isRootless,
    hasSeccomp: host?.security?.seccompEnabled === true,
    hasSelinux: host?.security?.selinuxEnabled === true,
    limits: {
      memory: facts.limits.memory && has("memory"),
      pids: facts.limits.pids && has("pids"),
      cpu: facts.limits.cpu && has("cpu"),
    },
  };
}

async function readReply<Body extends object>(engine: Engine, path: string): Promise<Body> {
  const reply = await engine.ask("GET", path, { timeoutMs: 5_000 });
  if (reply.status !== 200 || typeof reply.body !== "object" || reply.body === null) {
    throw new HomeRefused(
      "NO_ENGINE",
      `${engine.facts.socket} is no container engine: ${refuse(reply, "say what it is").message}`,
    );
  }
  return reply.body as Body;
}

export function chooseApi(newest: string, oldest: string): string {
  const wanted = order(newest) < order(NEWEST_API) ? newest : NEWEST_API;
  return order(wanted) < order(oldest) ? oldest : wanted;
}

function order(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}

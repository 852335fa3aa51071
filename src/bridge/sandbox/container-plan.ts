// How a container of a place is made: everything that keeps what runs in it away from this machine stands here, as data. Pure.
// The engine's own guards (seccomp, masked paths) are left as they are; nothing here ever loosens one.
import { createHash } from "node:crypto";
import { HomeRefused } from "../../contract/errors.ts";
import type { Place } from "../../contract/home/commands.ts";
import type { EngineFacts } from "./engine.ts";

export type SandboxPlace = Extract<Place, { kind: "sandbox" }>;

/** Whom a container runs as where the folder's owner cannot be: root, or nobody whom the engine knows. */
export const NOBODY = 65_532;
export const WORKSPACE = "/workspace";
export const LABEL = { installation: "skerry.installation", key: "skerry.key", settings: "skerry.settings" };

const MIB = 1024 * 1024;
const MAX_FILE_BYTES = 8 * 1024 * MIB;
/** Words that stand for something else than a network of the engine. */
const NO_NETWORKS = new Set(["host", "container", "ns", "private", "slirp4netns", "pasta"]);

/** Waits for its end and takes in orphans, should the engine have no init of its own. */
const REST = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done";

export interface ContainerRequest {
  place: SandboxPlace;
  installation: string;
  image: string;
  /** Folders that the image declares as volumes: the engine would make disks of them. */
  imageVolumes: readonly string[];
  /** Mounted at /workspace. */
  folder: string;
  /** Which folder it is that has this name now: a container goes on seeing the one that was there when it was made. */
  folderNumber: string;
  user: ContainerUser;
  engine: EngineFacts;
  /** Networks that the owner of this machine allows. */
  networks: readonly string[];
  hasInit: boolean;
}

export interface ContainerUser {
  uid: number;
  gid: number;
  /** Of the engine's mapping of users, where it has to be told. */
  usernsMode?: string;
}

export interface ContainerPlan {
  name: string;
  /** Of all that it is made from: another hash, another container. */
  settings: string;
  body: Record<string, unknown>;
}

/** @throws HomeRefused when it may not be made so. */
export function planContainer(request: ContainerRequest): ContainerPlan {
  const { place, installation, image, engine, user } = request;
  const network = checkNetwork(place.network, request.networks);
  const lack = explainClosed(engine);
  if (lack !== undefined) throw new HomeRefused("UNAVAILABLE", lack);
  const memory = place.memoryMb * MIB;
  const tmpMb = Math.max(8, Math.min(512, Math.floor(place.memoryMb / 2)));
  // Docker takes the mode of the image's own folder in spite of what is asked; Podman knows no owner of it.
  const own = engine.name === "Podman" ? "mode=1777" : `mode=1777,uid=${user.uid},gid=${user.gid}`;
  const body: Record<string, unknown> = {
    Image: image,
    Entrypoint: ["/bin/sh"],
    Cmd: ["-c", REST],
    User: `${user.uid}:${user.gid}`,
    WorkingDir: WORKSPACE,
    Hostname: "sandbox",
    Env: [],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PidMode: "",
      IpcMode: "private",
      UTSMode: "",
      ...(user.usernsMode === undefined ? {} : { UsernsMode: user.usernsMode }),
      Init: request.hasInit,
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: place.pids,
      ...(engine.limits.cpu ? { NanoCpus: Math.round(place.cpus * 1e9) } : {}),
      ShmSize: Math.max(1, Math.min(64, Math.floor(place.memoryMb / 4))) * MIB,
      Ulimits: [
        { Name: "nofile", Soft: 4096, Hard: 8192 },
        { Name: "core", Soft: 0, Hard: 0 },
        // Podman would ask for more processes than a machine may grant; how many there can be is PidsLimit's matter.
        ...(engine.name === "Podman" ? [{ Name: "nproc", Soft: 32_768, Hard: 32_768 }] : []),
        { Name: "fsize", Soft: MAX_FILE_BYTES, Hard: MAX_FILE_BYTES },
      ],
      // Programs may run from /tmp: they may from /workspace too, and much that builds or unpacks needs it.
      Tmpfs: {
        ...Object.fromEntries(
          request.imageVolumes.filter(isExtraVolume).map((path) => [path, `rw,noexec,nosuid,nodev,size=16m,${own}`]),
        ),
        "/tmp": `rw,exec,nosuid,nodev,size=${tmpMb}m,${own}`,
        "/var/tmp": `rw,noexec,nosuid,nodev,size=${Math.min(64, tmpMb)}m,${own}`,
        "/run": `rw,noexec,nosuid,nodev,size=8m,${own}`,
      },
      ...mountOf(request.folder, place.workspace, engine.hasSelinux),
      RestartPolicy: { Name: "no" },
      // Nothing of it is written to a log: a disk would fill with it.
      LogConfig: { Type: "none", Config: {} },
    },
  };
  const settings = createHash("sha256")
    .update(
      JSON.stringify({ ...body, setup: place.setup ?? "", folder: request.folderNumber }, (name, value) =>
        name === "Init" ? undefined : value,
      ),
    )
    .digest("hex");
  return {
    name: containerName(installation, place),
    settings,
    body: { ...body, Labels: { [LABEL.installation]: installation, [LABEL.key]: place.key, [LABEL.settings]: settings } },
  };
}

/** Why no container of this engine may be used, with what to do; undefined: it has the guards that are needed. */
export function explainClosed({ name, hasSeccomp, isRootless, limits }: EngineFacts): string | undefined {
  if (!hasSeccomp) {
    return `${name} runs containers without seccomp here, so the sandbox stays closed. Start it with its default seccomp profile.`;
  }
  const lacking = [...(limits.memory ? [] : ["memory"]), ...(limits.pids ? [] : ["processes"])].join(" and ");
  if (lacking === "") return undefined;
  const remedy = isRootless
    ? "A rootless engine needs cgroups version 2, and systemd's delegation of memory and pids to its user; an engine with root needs neither."
    : "This machine's kernel keeps those limits from it: switch its cgroup controllers memory and pids on.";
  return `${name}${isRootless ? ", rootless," : ""} cannot limit the ${lacking} of containers here, so the sandbox stays closed. ${remedy}`;
}

/** Two agents that share a key share no files: with files mounted, each has a container of its own. */
export function containerName(installation: string, place: SandboxPlace): string {
  const whose = place.workspace === "none" ? "" : place.agentId;
  return `skerry-${createHash("sha256")
    .update(JSON.stringify([installation, place.key, whose]))
    .digest("hex")
    .slice(0, 20)}`;
}

/** @throws HomeRefused for a network that is not allowed on this machine. */
function checkNetwork(network: string, allowed: readonly string[]): string {
  if (network === "none") return network;
  const isName = /^[a-zA-Z0-9][\w.-]*$/.test(network) && !NO_NETWORKS.has(network.toLowerCase());
  if (!isName) {
    throw new HomeRefused(
      "FORBIDDEN",
      `A sandbox cannot be in the network "${network}": it would share this machine's own, or another container's. Make a network for it, and name that.`,
    );
  }
  if (!allowed.includes(network)) {
    throw new HomeRefused(
      "FORBIDDEN",
      `The network "${network}" is not allowed for sandboxes on this machine. Its owner can add it to sandbox.networks in the bridge's configuration.`,
    );
  }
  return network;
}

/**
 * Who runs in it. A rootless engine's users are not this machine's: its root is whoever runs the engine, without any capability
 * and without a way to more, and only as that the folder can be shared. Podman can map that user to itself.
 */
export function chooseUser(engine: EngineFacts, owner: { uid: number; gid: number }): ContainerUser {
  if (engine.isRootless && engine.name === "Docker") return { uid: 0, gid: 0 };
  const isRoot = owner.uid === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : owner;
  return engine.isRootless && !isRoot ? { ...user, usernsMode: "keep-id" } : user;
}

function mountOf(folder: string, workspace: SandboxPlace["workspace"], hasSelinux: boolean): Record<string, unknown> {
  const isReadOnly = workspace === "ro";
  // A folder must carry a label there, its own or one for all containers that share it, and only this older form can ask for it.
  if (hasSelinux && !folder.includes(":")) {
    return { Binds: [`${folder}:${WORKSPACE}:${isReadOnly ? "ro" : "rw"},${workspace === "none" ? "Z" : "z"}`] };
  }
  return {
    Mounts: [{ Type: "bind", Source: folder, Target: WORKSPACE, ReadOnly: isReadOnly, BindOptions: { Propagation: "rprivate" } }],
  };
}

function isExtraVolume(path: string): boolean {
  return path.startsWith("/") && ![WORKSPACE, "/tmp", "/var/tmp", "/run"].includes(path);
}

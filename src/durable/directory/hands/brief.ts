// From the settings to what a session may do with its hands. Pure. What is not said is kept in: a session is sandboxed unless
// it is the owner's own main one, and nobody but the owner raises it.
import type { ExecHost, HandsBrief } from "../../../contract/home/hands.ts";
import { type ExecSettings, readMemoryMb } from "../../../contract/home/settings.ts";
import type { Address } from "../../../contract/message.ts";
import { sessionKind } from "../../../contract/session-key.ts";
import type { Settings } from "../../../contract/settings.ts";
import { hasAgent } from "../briefs.ts";

const TIMEOUT_SEC = 1800;
const YIELD_MS = 10_000;
const MEMORY_MB = 1024;
const CPUS = 1;
const PIDS = 256;

/** Who wrote, and where; absent: nobody did, something else wakes the session. */
export interface Writer {
  from: Address;
  senderId: string;
  /** Proved to be the owner, at a door where the owner's word counts. */
  isOwner: boolean;
}

export function makeHands(
  settings: Settings,
  { sessionKey, agentId }: { sessionKey: string; agentId: string },
  writer: Writer | undefined,
  hasHomes: boolean,
): HandsBrief {
  const own = settings.agents?.entries?.[agentId];
  const defaults = settings.agents?.defaults;
  const sandbox = { ...defined(defaults?.sandbox), ...defined(own?.sandbox) };
  const docker = { ...defined(defaults?.sandbox?.docker), ...defined(own?.sandbox?.docker) };
  const env = { ...defaults?.sandbox?.docker?.env, ...own?.sandbox?.docker?.env };
  const exec = readExec([settings.tools?.exec, defaults?.tools?.exec, own?.tools?.exec]);
  const isOwner = writer?.isOwner === true;
  return {
    hasHomes,
    isSandboxed: isSandboxed(settings, sandbox.mode, sessionKey, writer),
    sandbox: {
      key: keyOf(sandbox.scope, sessionKey, agentId),
      ...(docker.image === undefined ? {} : { image: docker.image }),
      network: docker.network ?? "none",
      workspace: sandbox.workspaceAccess ?? "none",
      memoryMb: docker.memory === undefined ? MEMORY_MB : readMemoryMb(docker.memory),
      cpus: docker.cpus ?? CPUS,
      pids: docker.pidsLimit ?? PIDS,
      ...(docker.setupCommand === undefined ? {} : { setup: docker.setupCommand }),
      env,
    },
    exec,
    mayElevate: isOwner && mayElevate(settings, writer),
    isOwner,
  };
}

/** Whether sandboxes may have the files of an agent. No agent of that name: none. */
export function workspaceAccess(settings: Settings, agentId: string): HandsBrief["sandbox"]["workspace"] {
  if (!hasAgent(settings, agentId)) return "none";
  const own = defined(settings.agents?.entries?.[agentId]?.sandbox);
  return own.workspaceAccess ?? settings.agents?.defaults?.sandbox?.workspaceAccess ?? "none";
}

/** The last word counts, but for a refusal: no agent may do what is denied to all. */
function readExec(layers: readonly (ExecSettings | undefined)[]): HandsBrief["exec"] {
  const said: ExecSettings = Object.assign({}, ...layers.map(defined));
  const isDenied = layers.some((layer) => layer?.security === "deny");
  const host: ExecHost = said.host ?? "auto";
  return {
    host,
    ...(said.node === undefined ? {} : { home: said.node }),
    security: isDenied ? "deny" : (said.security ?? "allowlist"),
    ask: said.ask ?? "on-miss",
    timeoutMs: (said.timeoutSec ?? TIMEOUT_SEC) * 1000,
    yieldMs: said.backgroundMs ?? YIELD_MS,
  };
}

function isSandboxed(
  settings: Settings,
  mode: "off" | "non-main" | "all" | undefined,
  sessionKey: string,
  writer: Writer | undefined,
): boolean {
  switch (mode) {
    case "off":
      return false;
    case "all":
      return true;
    case "non-main":
    case undefined: {
      if (sessionKind(sessionKey) !== "main") return true;
      // With one talk for all, what wakes it may have been brought about by a guest.
      return writer ? !writer.isOwner : settings.session?.dmScope === "main";
    }
    default:
      return mode satisfies never;
  }
}

/** In a group the words of others reach the model, so there nobody raises it. */
function mayElevate(settings: Settings, { from, senderId }: Writer): boolean {
  const { enabled = true, allowFrom } = settings.tools?.elevated ?? {};
  if (!enabled || from.kind === "group") return false;
  const listed = allowFrom && (Object.hasOwn(allowFrom, from.channel) ? allowFrom[from.channel] : []);
  return listed === undefined || listed.includes("*") || listed.includes(senderId);
}

/** No two of them can be the same: an agent's id has no colon, a session's key has two. */
function keyOf(scope: "session" | "agent" | "shared" | undefined, sessionKey: string, agentId: string): string {
  switch (scope) {
    case "agent":
      return `agent:${agentId}`;
    case "shared":
      return "shared";
    case "session":
    case undefined:
      return sessionKey;
    default:
      return scope satisfies never;
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys that are there but undefined, so that they hide nothing. */
function defined<T extends object>(value: T | undefined): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, item]) => item !== undefined)) as Partial<Defined<T>>;
}

// Every stub is made here, with one location hint: all objects of one Skerry live in one region.
import type { DirectoryPort, DoorPort, GatewayPort, SessionPort, WorkspacePort } from "../contract/ports.ts";
import type { Env } from "./env.ts";

const HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;

function options(env: Env): DurableObjectNamespaceGetDurableObjectOptions {
  const wanted = HINTS.find((hint) => hint === env["SKERRY_REGION"]);
  return wanted ? { locationHint: wanted } : {};
}

export function directoryOf(env: Env): DirectoryPort {
  return env.DIRECTORY.getByName("directory", options(env)) as unknown as DirectoryPort;
}

export function sessionOf(env: Env, sessionKey: string): SessionPort {
  return env.SESSION.getByName(sessionKey, options(env)) as unknown as SessionPort;
}

export function workspaceOf(env: Env, agentId: string): WorkspacePort {
  return env.WORKSPACE.getByName(agentId, options(env)) as unknown as WorkspacePort;
}

export function gatewayOf(env: Env): GatewayPort & DoorPort & Fetcher {
  return env.GATEWAY.getByName("gateway", options(env)) as unknown as GatewayPort & DoorPort & Fetcher;
}

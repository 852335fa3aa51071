// Every stub is made here, with one location hint: all objects of one Skerry live in one region. A stub whose object
// broke off stays broken for whoever holds it (an object that holds a stub of another may hold it for weeks), so after a
// call that failed the next one goes by a fresh stub. Until then it is the same one: calls arrive in their order.
import type { HomePort } from "../contract/home/port.ts";
import type { DirectoryPort } from "../contract/ports/directory.ts";
import type { DoorPort, GatewayPort } from "../contract/ports/gateway.ts";
import type { SessionPort } from "../contract/ports/session.ts";
import type { WorkspacePort } from "../contract/ports/workspace.ts";
import type { Env } from "./env.ts";

const HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;

function options(env: Env): DurableObjectNamespaceGetDurableObjectOptions {
  const wanted = HINTS.find((hint) => hint === env["SKERRY_REGION"]);
  return wanted ? { locationHint: wanted } : {};
}

/** The object behind `make`, as a port. Contract: every member of the port is a method that answers a promise. */
function lasting<T extends object>(make: () => DurableObjectStub): T {
  let stub: DurableObjectStub | undefined;
  const call =
    (name: string) =>
    (...args: unknown[]) => {
      stub ??= make();
      const used = stub;
      const answer = (used as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(...args);
      answer?.catch(() => {
        if (stub === used) stub = undefined;
      });
      return answer;
    };
  // Asked for "then" by whoever awaits it: it is no promise.
  return new Proxy({}, { get: (_none, name) => (typeof name === "string" && name !== "then" ? call(name) : undefined) }) as T;
}

export function directoryOf(env: Env): DirectoryPort {
  return lasting(() => env.DIRECTORY.getByName("directory", options(env)));
}

export function sessionOf(env: Env, sessionKey: string): SessionPort {
  return lasting(() => env.SESSION.getByName(sessionKey, options(env)));
}

export function workspaceOf(env: Env, agentId: string): WorkspacePort {
  return lasting(() => env.WORKSPACE.getByName(agentId, options(env)));
}

export function gatewayOf(env: Env): GatewayPort & DoorPort & HomePort & Fetcher {
  return lasting(() => env.GATEWAY.getByName("gateway", options(env)));
}

// Skerry on this machine, from state folder to farewell: open and lock the state, find a port, run workerd, announce,
// start it again if it dies, and stop in order on Ctrl-C.
import { dirname, join } from "node:path";
import { StartRefused } from "../../contract/errors.ts";
import { formatAnnouncement, gatherAnnouncement } from "./announcement.ts";
import type { BrowserBinding } from "./browser-binding.ts";
import { findFreePort } from "./port.ts";
import { type Runtime, type RuntimeRequest, startRuntime } from "./runtime.ts";
import { findStateDir, keepToken, lockState, noteRuntime, openState, unlockState } from "./state.ts";
import { readVariables } from "./variables.ts";

const HOST = "127.0.0.1";
const DEFAULT_PORT = 18_789;
const RESTARTS_A_MINUTE = 5;
const FAREWELL_MS = 300;

export interface ServeRequest {
  distDir: string;
  /** Where `.dev.vars` is looked for. */
  workingDir: string;
  environment: NodeJS.ProcessEnv;
  version: string;
  /** How far this version knows each store. */
  schemas: Record<string, number>;
  /** When the person's command began, on the clock of `Date.now()`. */
  startedAt: number;
  print(text: string): void;
  complain(text: string): void;
  isRich: boolean;
}

/** Runs until a signal ends it. Throws StartRefused or StateTooNew when it cannot start. */
export async function serve(request: ServeRequest): Promise<void> {
  const { environment, version } = request;
  const wantedPort = readPort(environment["PORT"]);
  const stateDir = findStateDir(environment);
  openState(stateDir, version, request.schemas);
  await lockState(stateDir, version);
  const farewell = listenForFarewell();
  let runtime: Runtime | undefined;
  let sayGoodbye = async () => {};
  let endBridge = async () => {};
  let browser: BrowserBinding | undefined;
  try {
    const variables = readVariables(environment, join(request.workingDir, ".dev.vars"));
    const token = variables["SKERRY_TOKEN"] ?? keepToken(stateDir);
    const settled = { ...variables, SKERRY_TOKEN: token, SKERRY_RUNTIME: "local", SKERRY_VERSION: version };
    browser = await openBrowser(request, stateDir);
    const shared = { browser, distDir: request.distDir, stateDir, host: HOST, variables: settled, onLine: request.complain };
    const note = ({ pid, port, url }: Runtime) =>
      noteRuntime(stateDir, { pid: process.pid, startedAt: request.startedAt, version, runtimePid: pid, port, url });

    runtime = await startOnFreePort(shared, wantedPort);
    note(runtime);
    sayGoodbye = () => announceShutdown(runtime?.url, token);
    const facts = { version, url: runtime.url, stateDir, readyMs: Date.now() - request.startedAt };
    const taken = runtime.port === wantedPort ? {} : { takenPort: wantedPort };
    const announcement = await gatherAnnouncement({ ...facts, ...taken }, token);
    request.print(await formatAnnouncement(announcement, request.isRich));
    endBridge = await openBridge(request, { url: runtime.url, token, stateDir });

    const deaths: number[] = [];
    while ((await Promise.race([farewell, runtime.ended])) !== "farewell") {
      deaths.push(Date.now());
      if (deaths.filter((at) => Date.now() - at < 60_000).length > RESTARTS_A_MINUTE) {
        throw new StartRefused({ kind: "runtime", said: "It ended again and again; the lines above may say why." });
      }
      request.complain("The local runtime ended unexpectedly; starting it again.");
      runtime = await startRuntime({ ...shared, port: runtime.port });
      note(runtime);
    }
  } finally {
    await endBridge();
    await sayGoodbye();
    await runtime?.stop();
    await browser?.close();
    unlockState(stateDir);
  }
}

/** What this machine can do is offered to the Skerry on it. Without it there is a Skerry all the same. */
async function openBridge(
  { distDir, workingDir, environment, version, complain }: ServeRequest,
  skerry: { url: string; token: string; stateDir: string },
): Promise<() => Promise<void>> {
  if (environment["SKERRY_BRIDGE"] === "off") return async () => {};
  try {
    const { outliveStrays } = await import("../home/strays.ts");
    outliveStrays((text) => complain(`bridge: ${text}`));
    const { startBeside } = await import("../home/beside.ts");
    return await startBeside({ ...skerry, version, root: dirname(distDir), workingDir, environment, complain });
  } catch (error) {
    complain(`This machine is not offered to Skerry: ${error instanceof Error ? error.message : String(error)}`);
    return async () => {};
  }
}

/** The browser of sessions that may not use the owner's own; without it there is a Skerry all the same. */
async function openBrowser({ environment, complain }: ServeRequest, stateDir: string): Promise<BrowserBinding | undefined> {
  if (environment["SKERRY_BROWSER"] === "off") return undefined;
  try {
    const { openBrowserBinding } = await import("./browser-binding.ts");
    return await openBrowserBinding({ stateDir, environment, complain });
  } catch (error) {
    complain(`There is no browser at the edge: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Screens are told that this is an end and no failure. Should that not work at once, they find out by themselves. */
async function announceShutdown(url: string | undefined, token: string): Promise<void> {
  if (url === undefined) return;
  const request = { method: "POST", headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(FAREWELL_MS) };
  await fetch(`${url}/auth/shutdown`, request).then(
    (answer) => answer.arrayBuffer(),
    () => undefined,
  );
}

/** Another program can take the port between looking and listening: then the next one is tried. */
async function startOnFreePort(request: Omit<RuntimeRequest, "port">, wanted: number): Promise<Runtime> {
  for (let from = wanted; ; ) {
    const port = await findFreePort(request.host, from);
    if (port === undefined) throw new StartRefused({ kind: "no-port", from: wanted });
    try {
      return await startRuntime({ ...request, port });
    } catch (error) {
      const isTaken = error instanceof StartRefused && /address already in use/i.test(error.message);
      if (!isTaken) throw error;
      from = port + 1;
    }
  }
}

function readPort(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_PORT;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new StartRefused({ kind: "bad-port", value: text });
  return port;
}

/** Resolves at the first signal to stop. Further ones are swallowed: the end is under way and short. */
function listenForFarewell(): Promise<"farewell"> {
  return new Promise((resolve) => {
    const leave = () => resolve("farewell");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, leave);
    // npm ends its shell and not what the shell started.
    const parent = process.ppid;
    if (process.env["npm_lifecycle_event"]) setInterval(() => process.ppid !== parent && leave(), 250).unref();
  });
}

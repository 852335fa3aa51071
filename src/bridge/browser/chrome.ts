// A browser started on this machine and spoken to over a pipe: no port is open that another program could speak to, and when this
// program ends, however it ends, the pipe closes and the browser ends with it.
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { Cdp, type CdpLine } from "../../browser/line.ts";
import { HomeRefused } from "../../contract/errors.ts";

export interface ChromeStart {
  path: string;
  profileDir: string;
  isHeadless: boolean;
  /** Whether the browser keeps its pages in its own sandbox; off only where the owner of the machine says so. */
  hasSandbox: boolean;
  /** Of the proxy on this machine that everything goes through. */
  proxyPort: number;
  /** Also listens on a port of this machine, which it writes into its folder. */
  hasPort?: boolean;
  environment: NodeJS.ProcessEnv;
}

export interface Chrome {
  cdp: Cdp;
  version: string;
  /** Why it is no more, in words, for one that ended by itself. Never rejects. */
  ended: Promise<string>;
  close(): Promise<void>;
}

const START_MS = 30_000;
const CLOSE_MS = 4_000;
const KEPT_CHARS = 4_000;
/** What a browser needs of this machine's environment. Keys of the bridge are none of its business. */
const PASSED_ON =
  /^(HOME|PATH|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_\w+|DBUS_\w+|FONTCONFIG_\w+|LD_LIBRARY_PATH)$/;
const SWITCHES = [
  "--remote-debugging-pipe",
  "--no-first-run",
  "--no-default-browser-check",
  "--hide-crash-restore-bubble",
  "--disable-background-networking",
  "--disable-breakpad",
  "--disable-client-side-phishing-detection",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-extensions",
  "--disable-sync",
  "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,DialMediaRouteProvider,GlobalMediaControls",
  "--metrics-recording-only",
  "--password-store=basic",
  "--use-mock-keychain",
  "--window-size=1280,800",
];

/** @throws HomeRefused when it does not start. */
export async function startChrome(start: ChromeStart): Promise<Chrome> {
  const child = spawn(start.path, [...SWITCHES, ...switchesOf(start), "about:blank"], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    env: Object.fromEntries(Object.entries(start.environment).filter(([name]) => PASSED_ON.test(name))),
    // A group of its own: it can be ended with all it started, and Ctrl-C in the bridge's terminal does not reach it.
    detached: true,
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-KEPT_CHARS);
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`));
  });
  const cdp = new Cdp(lineOverPipe(child));
  const close = () => end(child, cdp, ended);
  try {
    const { product } = await Promise.race([
      cdp.send("Browser.getVersion", undefined, undefined, START_MS),
      ended.then((reason) => {
        throw new Error(reason);
      }),
    ]);
    return { cdp, version: product, ended, close };
  } catch (error) {
    // What it wrote arrives a moment after its end.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await close();
    throw new HomeRefused("UNAVAILABLE", explain(start, said, error), error);
  }
}

function switchesOf({ profileDir, isHeadless, hasSandbox, proxyPort, hasPort = false }: ChromeStart): string[] {
  return [
    `--user-data-dir=${profileDir}`,
    // All goes through the proxy, this machine's own addresses too; what cannot (UDP) does not go at all.
    `--proxy-server=http://127.0.0.1:${proxyPort}`,
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    ...(isHeadless ? ["--headless=new", "--hide-scrollbars", "--mute-audio"] : []),
    ...(hasPort ? ["--remote-debugging-port=0"] : []),
    ...(hasSandbox ? [] : ["--no-sandbox"]),
  ];
}

/** Messages end with a NUL. */
function lineOverPipe(child: ChildProcess): CdpLine {
  const [toIt, fromIt] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const line: CdpLine = {
    send: (text) => void toIt.write(`${text}\0`),
    close: () => toIt.end(),
  };
  let parts: Buffer[] = [];
  fromIt.on("data", (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(0); at !== -1; at = chunk.indexOf(0, from)) {
      parts.push(chunk.subarray(from, at));
      from = at + 1;
      const text = Buffer.concat(parts).toString("utf8");
      parts = [];
      line.onText?.(text);
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  });
  const gone = () => line.onClose?.();
  // A broken pipe is the browser's end, and is told as that.
  toIt.on("error", gone);
  fromIt.on("error", gone).on("close", gone);
  return line;
}

async function end(child: ChildProcess, cdp: Cdp, ended: Promise<string>): Promise<void> {
  // Asked to, it writes down its cookies before it goes.
  cdp.tell("Browser.close");
  const timer = setTimeout(() => killAll(child), CLOSE_MS);
  await ended;
  clearTimeout(timer);
  killAll(child);
  cdp.close();
}

/** It and all that it started. */
function killAll(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // There is nothing left of it.
  }
}

function explain({ path, profileDir }: ChromeStart, said: string, error: unknown): string {
  if (/no usable sandbox|without --no-sandbox|Failed to move to new namespace|SUID sandbox/i.test(said)) {
    return (
      `${path} cannot keep pages in its own sandbox here (this bridge runs as root, or in a container). Run the bridge as an ` +
      'ordinary user, or, where the machine is nothing but this, allow it in the bridge\'s configuration: "browser": {"sandbox": false}.'
    );
  }
  if (/profile appears to be in use|SingletonLock|ProcessSingleton/i.test(said)) {
    return `The browser profile in ${profileDir} is used by another browser; close that one and try again.`;
  }
  if (/missing x server|cannot open display|ozone_platform/i.test(said)) {
    return "The browser was to have a window, and this machine shows none (no display). Let it work without (browser.headless).";
  }
  const last = said.trim().split("\n").at(-1)?.slice(0, 300);
  return `${path} did not start: ${last || (error instanceof Error ? error.message : String(error))}`;
}

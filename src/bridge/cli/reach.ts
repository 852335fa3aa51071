// Where Skerry is and by which token to speak to it: options, then the environment, then the state folder of the Skerry
// on this machine. A token kept on this machine is never sent to an address elsewhere.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { GatewayError } from "../../contract/errors.ts";
import type { Reach } from "../connection.ts";
import { findStateDir, readRuntimeNote, readToken } from "../local/state.ts";
import { readVariables } from "../local/variables.ts";

const DEFAULT_URL = "http://127.0.0.1:18789";

export interface ReachOptions {
  url?: string | undefined;
  token?: string | undefined;
}

/** `root` is the folder of the program, whose state is used when the working folder has none. */
export function findReach(options: ReachOptions, environment: NodeJS.ProcessEnv, root: string): Reach {
  const stateDir = chooseStateDir(environment, root);
  const local = readRuntimeNote(stateDir)?.url;
  const given = options.url || environment["SKERRY_URL"];
  const url = given ? readUrl(given) : (local ?? DEFAULT_URL);
  const token = options.token || environment["SKERRY_TOKEN"] || (isHere(url) ? readLocalToken(stateDir, root) : undefined);
  if (!token) {
    throw new GatewayError({
      code: "NOT_PAIRED",
      message: isHere(url)
        ? "There is no token yet. Start Skerry with npm start, or pass its token with --token or SKERRY_TOKEN."
        : `A token is needed to speak to ${url}. Pass it with --token or SKERRY_TOKEN.`,
    });
  }
  return { url, token };
}

function chooseStateDir(environment: NodeJS.ProcessEnv, root: string): string {
  const here = findStateDir(environment);
  return environment["SKERRY_STATE_DIR"] || existsSync(here) ? here : join(root, ".skerry");
}

function readLocalToken(stateDir: string, root: string): string | undefined {
  for (const dir of [process.cwd(), root]) {
    const token = readVariables({}, resolve(dir, ".dev.vars"))["SKERRY_TOKEN"];
    if (token) return token;
  }
  return readToken(stateDir);
}

/** An http(s) address, also where the scheme was left out or is a socket's. @throws GatewayError */
export function readUrl(text: string): string {
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `${/^(localhost|127\.|\[::1\])/.test(text) ? "http" : "https"}://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url || !["http:", "https:", "ws:", "wss:"].includes(url.protocol)) {
    throw new GatewayError({
      code: "INVALID_REQUEST",
      message: `"${text}" is no address. Give one like http://127.0.0.1:18789 or https://skerry.example.workers.dev.`,
    });
  }
  url.protocol = url.protocol.replace("ws", "http");
  return url.href.replace(/\/$/, "");
}

function isHere(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

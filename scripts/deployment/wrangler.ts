// The installed wrangler as a program: run, listened to, and what it says of a finished upload read from the file that
// it writes for programs. Nobody can answer its questions here, so it never asks any; only `login` gets the terminal.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Wrangled {
  isOk: boolean;
  /** Standard output alone: JSON where it was asked for. */
  out: string;
  /** Everything it said. */
  text: string;
  /** The version that was uploaded and where it answers. */
  upload?: { versionId: string; targets: string[] };
}

export type Wrangle = (
  args: string[],
  options?: { accountId?: string | undefined; secrets?: Record<string, string> },
) => Promise<Wrangled>;

/** `command`: the program and its first arguments. */
export function createWrangle(command: readonly [string, ...string[]], cwd: string): Wrangle {
  const [program, ...first] = command;
  return async (args, { accountId, secrets = {} } = {}) => {
    const dir = mkdtempSync(join(tmpdir(), "skerry-wrangler-"));
    try {
      const output = join(dir, "output.ndjson");
      const secretArgs: string[] = [];
      if (Object.keys(secrets).length > 0) {
        const path = join(dir, "secrets.json");
        writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 });
        secretArgs.push("--secrets-file", path);
      }
      const child = spawn(program, [...first, ...args, ...secretArgs], {
        cwd,
        stdio: args[0] === "login" ? "inherit" : ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          WRANGLER_SEND_METRICS: "false",
          WRANGLER_OUTPUT_FILE_PATH: output,
          NO_COLOR: "1",
          FORCE_COLOR: "0",
          ...(accountId ? { CLOUDFLARE_ACCOUNT_ID: accountId } : {}),
        },
      });
      let out = "";
      let text = "";
      child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
        out += chunk;
        text += chunk;
      });
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      const code = await new Promise<number | null>((done, fail) => {
        child.once("error", fail);
        child.once("close", done);
      });
      const upload = readUpload(output);
      return { isOk: code === 0, out, text, ...(upload ? { upload } : {}) };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

function readUpload(path: string): Wrangled["upload"] {
  let lines: string[];
  try {
    lines = readFileSync(path, "utf8").split("\n");
  } catch {
    return undefined;
  }
  for (const line of lines.filter((text) => text.trim() !== "")) {
    const entry = readJson(line);
    if (!isRecord(entry) || entry["type"] !== "deploy" || typeof entry["version_id"] !== "string") continue;
    const targets = Array.isArray(entry["targets"]) ? entry["targets"].filter((target) => typeof target === "string") : [];
    return { versionId: entry["version_id"], targets };
  }
  return undefined;
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

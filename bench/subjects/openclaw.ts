// An installed OpenClaw, when OPENCLAW_BIN names its openclaw.mjs: its gateway in the foreground, on a state folder and
// a port of its own, asking the same scripted model.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { launch, pickPort, plainEnvironment, type Subject, TOKEN } from "./subject.ts";

/** The subject, or why there is none. */
export function findOpenClaw(modelUrl: string): Subject | { reason: string } {
  const program = process.env["OPENCLAW_BIN"];
  if (!program) return { reason: "no OpenClaw beside it: set OPENCLAW_BIN to the path of its openclaw.mjs" };
  if (!existsSync(program)) return { reason: `OPENCLAW_BIN names ${program}, which is not there` };
  const { version } = JSON.parse(readFileSync(join(dirname(program), "package.json"), "utf8")) as { version: string };
  return {
    name: `OpenClaw ${version}`,
    async start(stateDir) {
      const port = await pickPort();
      const configPath = join(stateDir, "openclaw.json");
      mkdirSync(join(stateDir, "logs"), { recursive: true });
      if (!existsSync(configPath)) writeFileSync(configPath, writeConfig(stateDir, modelUrl));
      return launch({
        command: process.execPath,
        args: [program, "gateway", "run", "--port", String(port)],
        cwd: stateDir,
        port,
        environment: {
          ...plainEnvironment(),
          HOME: stateDir,
          OPENCLAW_HOME: stateDir,
          OPENCLAW_STATE_DIR: stateDir,
          OPENCLAW_CONFIG_PATH: configPath,
          OPENCLAW_GATEWAY_TOKEN: TOKEN,
        },
      });
    },
  };
}

function writeConfig(stateDir: string, modelUrl: string): string {
  const model = {
    id: "scripted",
    name: "Scripted",
    reasoning: false,
    input: ["text"],
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    contextWindow: 1_000_000,
    maxTokens: 8192,
  };
  return JSON.stringify({
    gateway: { mode: "local", bind: "loopback", auth: { mode: "token", token: TOKEN } },
    logging: { file: join(stateDir, "logs", "gateway.log") },
    update: { checkOnStart: false },
    agents: { defaults: { model: { primary: "bench/scripted" }, models: { "bench/scripted": {} } } },
    models: {
      mode: "merge",
      catalogRefresh: { enabled: false },
      providers: { bench: { baseUrl: modelUrl, apiKey: "bench-key", api: "anthropic-messages", models: [model] } },
    },
  });
}

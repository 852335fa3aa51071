// A container engine that does on request what a real one does only on a bad day: it answers late, refuses, forgets. A server on
// a socket of its own; its containers are names, and what "runs" in them goes on until the test ends it.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { Engine } from "../../src/bridge/sandbox/engine.ts";
import { START } from "../../src/bridge/sandbox/inside.ts";

interface Reply {
  status: number;
  body?: unknown;
}

interface ScriptedContainer {
  id: string;
  name: string;
  labels: Record<string, string>;
  createdAt: number;
}

interface ScriptedExec {
  id: string;
  container: string;
  argv: string[];
  /** Absent: it runs. */
  exitCode?: number;
  line?: Duplex;
}

export interface ScriptedEngine {
  engine: Engine;
  environment: NodeJS.ProcessEnv;
  /** "DELETE /containers/c1" and so on, as they came. */
  asked: string[];
  containers: Map<string, ScriptedContainer>;
  /** How many processes it says that are in a container. */
  processes: number;
  /** Asked before each request; what it answers is the answer, as if the engine had said it. */
  before(what: string): Promise<Reply | undefined> | Reply | undefined;
  /** A command says something. */
  say(command: string, text: string): void;
  end(command: string, exitCode: number): void;
  /** Commands that run now. */
  running(): string[];
  close(): Promise<void>;
}

export async function openScriptedEngine(): Promise<ScriptedEngine> {
  const dir = mkdtempSync(join(tmpdir(), "ske-"));
  const socket = join(dir, "e.sock");
  const execs = new Map<string, ScriptedExec>();
  const isCommand = ({ argv }: ScriptedExec) => argv[2] === START;
  const find = (command: string) => {
    const found = [...execs.values()].find((one) => isCommand(one) && one.argv.at(-1) === command && one.exitCode === undefined);
    if (!found) throw new Error(`nothing of that name runs: ${command}`);
    return found;
  };
  const end = (exec: ScriptedExec, exitCode: number) => {
    exec.exitCode ??= exitCode;
    exec.line?.end();
  };
  const scripted: ScriptedEngine = {
    engine: new Engine({
      name: "Docker",
      version: "1",
      isRootless: false,
      socket,
      api: "",
      hasSeccomp: true,
      hasSelinux: false,
      limits: { memory: true, pids: true, cpu: true },
    }),
    environment: { DOCKER_HOST: `unix://${socket}` },
    asked: [],
    containers: new Map(),
    processes: 3,
    before: () => undefined,
    say: (command, text) => find(command).line?.write(frameOf(text)),
    end: (command, exitCode) => end(find(command), exitCode),
    running: () =>
      [...execs.values()].filter((one) => isCommand(one) && one.exitCode === undefined).map(({ argv }) => argv.at(-1) ?? ""),
    async close() {
      server.closeAllConnections();
      for (const { line } of execs.values()) line?.destroy();
      await new Promise((done) => server.close(done));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  let count = 0;

  function answer(method: string, path: string, query: URLSearchParams, body: unknown): Reply {
    const [, kind = "", id = "", what = ""] = path.split("/");
    if (path === "/version") return { status: 200, body: { Version: "27.0.0", ApiVersion: "1.47", MinAPIVersion: "1.24" } };
    if (path === "/info") {
      const limits = { MemoryLimit: true, PidsLimit: true, CpuCfsQuota: true };
      return { status: 200, body: { OSType: "linux", SecurityOptions: ["name=seccomp,profile=builtin"], ...limits } };
    }
    if (kind === "images") return { status: 200, body: { Id: "sha256:1", Config: {} } };
    if (kind === "build") return { status: 200, body: { stream: "built\n" } };
    if (kind === "exec") {
      const exec = execs.get(id);
      if (!exec) return { status: 404, body: { message: "no such exec" } };
      return { status: 200, body: { Running: exec.exitCode === undefined, ExitCode: exec.exitCode ?? null } };
    }
    if (path === "/containers/json") return { status: 200, body: [...scripted.containers.values()].map(listed) };
    if (path === "/containers/create") {
      const name = query.get("name") ?? "";
      const { Labels: labels } = body as { Labels: Record<string, string> };
      const made = { id: `c${++count}`, name, labels, createdAt: Date.now() };
      scripted.containers.set(name, made);
      return { status: 201, body: { Id: made.id } };
    }
    const container = [...scripted.containers.values()].find((one) => one.id === id || one.name === id);
    if (kind !== "containers" || !container) return { status: 404, body: { message: `no such container: ${path}` } };
    if (method === "DELETE") {
      scripted.containers.delete(container.name);
      for (const exec of execs.values()) {
        if (exec.container !== container.id || exec.exitCode !== undefined) continue;
        end(exec, 137);
        execs.delete(exec.id);
      }
      return { status: 204 };
    }
    if (what === "exec") {
      const { Cmd: argv } = body as { Cmd: string[] };
      const made = { id: `e${++count}`, container: container.id, argv };
      execs.set(made.id, made);
      return { status: 201, body: { Id: made.id } };
    }
    if (what === "top") return { status: 200, body: { Processes: Array.from({ length: scripted.processes }, () => ["x"]) } };
    if (what === "start") return { status: 204 };
    return {
      status: 200,
      body: { Id: container.id, Image: "sha256:1", State: { Running: true }, Config: { Labels: container.labels } },
    };
  }

  const hear = async (request: IncomingMessage, reply: ServerResponse) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://engine");
    const path = pathname.replace(/^\/v\d+\.\d+/, "");
    const method = request.method ?? "GET";
    scripted.asked.push(`${method} ${path}${searchParams.size > 0 ? `?${searchParams}` : ""}`);
    const given = await scripted.before(`${method} ${path}`);
    const { status, body } = given ?? answer(method, path, searchParams, /^\{/.test(text) ? JSON.parse(text) : undefined);
    reply.writeHead(status, { "content-type": "application/json" }).end(body === undefined ? "" : JSON.stringify(body));
  };
  const server = createServer((request, reply) => void hear(request, reply).catch(() => reply.destroy()));
  server.on("upgrade", (request: IncomingMessage, line: Duplex) => {
    const exec = execs.get(/exec\/(\w+)\/start/.exec(request.url ?? "")?.[1] ?? "");
    line.on("error", () => line.destroy());
    // What is written to a command is nobody's here.
    line.resume();
    line.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (!exec) return line.destroy();
    exec.line = line;
    if (isCommand(exec)) line.write(frameOf("skerry 7\n"));
    else end(exec, 0);
  });
  await new Promise<void>((done) => server.listen(socket, done));
  return scripted;
}

function listed({ id, name, labels, createdAt }: ScriptedContainer) {
  return { Id: id, Names: [`/${name}`], Image: "i", State: "running", Created: createdAt / 1000, Labels: labels };
}

/** As an engine passes on what came by the first of the two streams. */
function frameOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

// The door through which a paired machine reads and writes an agent's files: who may, which names, what a conflict answers, and
// that nothing of Skerry's own secrets lies behind it.
import { env, SELF } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readParcels, writeParcels } from "../../src/contract/home/parcels.ts";
import type { DirectoryPort } from "../../src/contract/ports/directory.ts";
import type { WorkspacePort } from "../../src/contract/ports/workspace.ts";
import type { Env } from "../../src/durable/env.ts";
import { makeConnect, makeDevice } from "../support/device.ts";
import { TestSocket } from "../support/workers/socket.ts";

const bindings = env as unknown as Env;
const directory = () => bindings.DIRECTORY.getByName("directory") as unknown as DirectoryPort;
const workspace = (agentId = "main") => bindings.WORKSPACE.getByName(agentId) as unknown as WorkspacePort;
const text = (value: string) => new TextEncoder().encode(value);
const OWNER = "test-token-0123456789abcdef";

let token = "";
let deviceId = "";

async function openGateway(): Promise<TestSocket> {
  const headers = { upgrade: "websocket", "x-skerry-address": "192.0.2.7" };
  return new TestSocket(await bindings.GATEWAY.getByName("gateway").fetch("http://skerry/ws", { headers }));
}

/** Pairs a machine by the owner's token, as a bridge beside Skerry does. */
async function pair(): Promise<{ token: string; deviceId: string }> {
  const device = await makeDevice();
  const socket = await openGateway();
  const client = { id: "skerry-bridge", version: "1", platform: "linux", mode: "node" };
  const hello = await socket.connect((nonce) =>
    device.sign(makeConnect({ role: "node", client, scopes: [], auth: { token: OWNER }, commands: ["exec.start"] }), nonce),
  );
  socket.close();
  return { token: hello["payload"].auth.deviceToken, deviceId: device.id };
}

function ask(path: string, init: RequestInit & { token?: string } = {}): Promise<Response> {
  return SELF.fetch(`http://skerry.test/home/workspaces/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${init.token ?? token}`, ...init.headers },
  });
}

const textOf = async (answer: Response | Promise<Response>) => new TextDecoder().decode(await (await answer).arrayBuffer());

const file = (path: string, stamp?: string) =>
  `main/file?${new URLSearchParams({ path, ...(stamp === undefined ? {} : { ifVersion: stamp }) })}`;

async function refusal(answer: Promise<Response>) {
  const response = await answer;
  const { error } = await response.json<{ error: { code: string; message: string } }>();
  return { status: response.status, ...error };
}

async function open(access: "none" | "ro" | "rw", more: Record<string, unknown> = {}): Promise<void> {
  const set = await directory().patchSettings({ agents: { defaults: { sandbox: { workspaceAccess: access } }, ...more } });
  if (!set.ok) throw new Error(set.error.message);
}

interface Row {
  path: string;
  kind: "file" | "folder";
  size: number;
  version: number;
  updatedAt: number;
}

async function list(agentId = "main"): Promise<Row[]> {
  const response = await ask(agentId);
  expect(response.status).toBe(200);
  const rows = (await textOf(response))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows.pop()).toEqual({ end: rows.length });
  return rows;
}

async function stampOf(path: string): Promise<string> {
  const row = (await list()).find((one) => one.path === path);
  if (!row) throw new Error(`no ${path}`);
  return `${row.version}.${row.updatedAt}`;
}

beforeAll(async () => {
  ({ token, deviceId } = await pair());
  expect(token).toMatch(/.{20}/);
});
beforeEach(() => open("rw"));

test("what is there is listed, read, written, made and taken away", async () => {
  await workspace().write("notes/a.md", text("one"));
  const rows = await list();
  expect(rows).toContainEqual(expect.objectContaining({ path: "notes/a.md", kind: "file", size: 3, version: 1 }));
  expect(rows).toContainEqual({ path: "notes", kind: "folder" });
  const read = await ask(file("notes/a.md"));
  expect(await textOf(read)).toBe("one");
  expect(read.headers.get("etag")).toBe(`"${await stampOf("notes/a.md")}"`);

  const written = await ask(file("notes/a.md", await stampOf("notes/a.md")), { method: "PUT", body: "two" });
  expect(await written.json()).toMatchObject({ path: "notes/a.md", version: 2, size: 3 });
  const bytes = new Uint8Array(5_000_000).map((_, at) => (at * 7919) >> 3);
  expect((await ask(file("neu/größe ✓.bin", "0.0"), { method: "PUT", body: bytes })).status).toBe(200);
  expect(new Uint8Array(await (await ask(file("neu/größe ✓.bin"))).arrayBuffer())).toEqual(bytes);
  expect((await ask(file("empty", "0.0"), { method: "PUT" })).status).toBe(200);
  expect(await textOf(ask(file("empty")))).toBe("");
  expect((await ask("main/folder?path=made/deep", { method: "PUT" })).status).toBe(200);
  expect(await list()).toContainEqual({ path: "made/deep", kind: "folder" });
  expect((await ask(file("made/deep", "0.0"), { method: "DELETE" })).status).toBe(200);

  expect((await ask(file("notes/a.md", await stampOf("notes/a.md")), { method: "DELETE" })).status).toBe(200);
  expect(await workspace().read("notes/a.md")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
});

test("a change of a file that is not that one any more is a conflict, and changes nothing", async () => {
  await workspace().write("c.md", text("first"));
  const old = await stampOf("c.md");
  await workspace().write("c.md", text("agent"));
  expect(await refusal(ask(file("c.md", old), { method: "PUT", body: "sandbox" }))).toMatchObject({
    status: 409,
    code: "CONFLICT",
  });
  expect(await refusal(ask(file("c.md", "0.0"), { method: "PUT", body: "sandbox" }))).toMatchObject({ status: 409 });
  expect(await refusal(ask(file("c.md", old), { method: "DELETE" }))).toMatchObject({ status: 409 });
  expect(await textOf(ask(file("c.md")))).toBe("agent");

  // Removed and written again its version is 1 once more, as in the list from before.
  await workspace().write("again.md", text("first"));
  const first = await stampOf("again.md");
  await workspace().remove("again.md");
  await new Promise((resolve) => setTimeout(resolve, 5));
  await workspace().write("again.md", text("other"));
  expect((await stampOf("again.md")).split(".")[0]).toBe(first.split(".")[0]);
  expect(await refusal(ask(file("again.md", first), { method: "PUT", body: "lost?" }))).toMatchObject({ status: 409 });
  expect(await refusal(ask(file("again.md", first), { method: "DELETE" }))).toMatchObject({ status: 409 });

  await workspace().write("full/x", text("x"));
  expect(await refusal(ask(file("full", "0.0"), { method: "DELETE" }))).toMatchObject({ status: 409 });
  expect(await refusal(ask(file("full", "0.0"), { method: "PUT", body: "x" }))).toMatchObject({ status: 409 });
  expect(await refusal(ask("main/folder?path=c.md", { method: "PUT" }))).toMatchObject({ status: 409 });
});

test("several files go in one request, each answered for itself", async () => {
  await workspace().write("b/old.md", text("old"));
  const old = await stampOf("b/old.md");
  await workspace().write("b/old.md", text("newer"));
  await workspace().write("b/gone.md", text("x"));
  const change = (path: unknown, ifVersion: unknown, body?: string) => ({
    head: { path, ifVersion, isGone: body === undefined },
    bytes: text(body ?? ""),
  });
  const parcels = [
    change("b/1.md", "0.0", "one"),
    change("b/old.md", old, "late"),
    change("../x", "0.0", "x"),
    change("b/gone.md", await stampOf("b/gone.md")),
    change("b/empty", "0.0", ""),
    change("b/2.md", "none", "x"),
    change(7, "0.0", "x"),
    change("b/old.md", old),
  ];
  const answer = await ask("main/changes", { method: "POST", body: writeParcels(parcels) });
  const { results } = await answer.json<{ results: { code?: string; version?: number }[] }>();
  expect(results.map(({ code, version }) => code ?? version)).toEqual([
    ...[1, "CONFLICT", "INVALID_REQUEST", 0, 1],
    ...["INVALID_REQUEST", "INVALID_REQUEST", "CONFLICT"],
  ]);
  expect((await list()).filter(({ path }) => path.startsWith("b/")).map(({ path }) => path)).toEqual([
    "b/1.md",
    "b/empty",
    "b/old.md",
  ]);

  const paths = ["b/1.md", "b/none", "b/old.md", "b"];
  const read = await ask("main/read", { method: "POST", body: JSON.stringify({ paths }) });
  const got = readParcels(new Uint8Array(await read.arrayBuffer()));
  expect(got?.map(({ head, bytes }) => head["code"] ?? new TextDecoder().decode(bytes))).toEqual([
    ...["one", "NOT_FOUND", "newer", "INVALID_REQUEST"],
  ]);
  expect(`${got?.[2]?.head["version"]}.${got?.[2]?.head["updatedAt"]}`).toBe(await stampOf("b/old.md"));

  // Many large ones together are answered in part: the rest is asked for by itself.
  for (const name of ["l1", "l2", "l3"]) await workspace().write(`b/${name}`, new Uint8Array(3_000_000));
  const part = await ask("main/read", { method: "POST", body: JSON.stringify({ paths: ["b/l1", "b/l2", "b/l3"] }) });
  expect(readParcels(new Uint8Array(await part.arrayBuffer()))?.map(({ head }) => head["path"])).toEqual(["b/l1", "b/l2"]);
});

test("several at once are held to the same rules, and to a measure", async () => {
  const one = writeParcels([{ head: { path: "m.md", ifVersion: "0.0" }, bytes: text("x") }]);
  const post = (way: string, body: BodyInit) => refusal(ask(`main/${way}`, { method: "POST", body }));
  const many = Array.from({ length: 501 }, (_, at) => ({ head: { path: `m/${at}`, ifVersion: "0.0" }, bytes: text("x") }));
  expect(await post("changes", writeParcels(many))).toMatchObject({ status: 400 });
  expect(await post("changes", new Uint8Array(9_000_000))).toMatchObject({ status: 413 });
  expect(await post("read", JSON.stringify({ paths: many.map(({ head }) => head.path) }))).toMatchObject({ status: 400 });
  for (const body of [one.slice(0, -1), text("{}\n"), text('{"size":-1}\n'), text('{"size":1e9}\n'), text("x".repeat(100_000))]) {
    expect(await post("changes", body)).toMatchObject({ status: 400 });
  }
  for (const body of ["", "[]", '{"paths":"a"}', '{"paths":[1]}', JSON.stringify({ paths: ["x".repeat(1_000_000)] })]) {
    expect(await post("read", body)).toMatchObject({ status: 400 });
  }
  await open("ro");
  expect(await post("changes", one)).toMatchObject({ status: 403, code: "READ_ONLY" });
  await open("none");
  expect(await post("changes", one)).toMatchObject({ status: 403, code: "CLOSED" });
  expect(await post("read", '{"paths":["m.md"]}')).toMatchObject({ status: 403, code: "CLOSED" });
  await open("rw");
  expect((await list()).some(({ path }) => /^m[./]/.test(path))).toBe(false);
});

test("of two writers at once one is told that it came too late", async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, at) => ask(file("race.md", "0.0"), { method: "PUT", body: `writer ${at}` })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
  const winner = answers.findIndex(({ status }) => status === 200);
  expect(await textOf(ask(file("race.md")))).toBe(`writer ${winner}`);
});

describe("the owner's settings open it", () => {
  test("nothing without workspaceAccess; ro opens to read alone", async () => {
    await workspace().write("s.md", text("secret plan"));
    await open("none");
    for (const answer of [
      ask("main"),
      ask(file("s.md")),
      ask(file("s.md", "0.0"), { method: "PUT", body: "x" }),
      ask(file("s.md", "0.0"), { method: "DELETE" }),
      ask("main/folder?path=x", { method: "PUT" }),
    ]) {
      expect(await refusal(answer)).toMatchObject({ status: 403, message: expect.stringContaining("sandbox.workspaceAccess") });
    }
    await open("ro");
    expect(await textOf(ask(file("s.md")))).toBe("secret plan");
    for (const answer of [
      ask(file("s.md", await stampOf("s.md")), { method: "PUT", body: "x" }),
      ask(file("s.md", await stampOf("s.md")), { method: "DELETE" }),
      ask("main/folder?path=x", { method: "PUT" }),
    ]) {
      expect(await refusal(answer)).toMatchObject({ status: 403, code: "READ_ONLY" });
    }
    expect(await textOf(ask(file("s.md")))).toBe("secret plan");
  });

  test("each agent for itself, and none that there is not", async () => {
    await open("none", { entries: { guest: { sandbox: { workspaceAccess: "rw" } }, shut: {} } });
    await workspace("guest").write("g.md", text("guest's"));
    expect((await list("guest")).map(({ path }) => path)).toContain("g.md");
    for (const other of [
      "main",
      "shut",
      "nobody",
      "constructor",
      "__proto__",
      "GUEST",
      "guest%20",
      "..",
      "%2e%2e",
      "a".repeat(5000),
    ]) {
      const response = await ask(`${other}/file?path=g.md`);
      expect({ other, status: response.status }).toEqual({
        other,
        status: expect.toSatisfy((status: number) => status === 403 || status === 404),
      });
    }
    await open("rw", { entries: { shut: { sandbox: { workspaceAccess: "none" } }, guest: null } });
    expect(await refusal(ask("shut"))).toMatchObject({ status: 403 });
    expect(await refusal(ask("nobody"))).toMatchObject({ status: 403 });
  });
});

test("names that are none of the workspace are refused, however they are written", async () => {
  const long = "x".repeat(1_000_000);
  for (const path of [
    "../x",
    "a/../b",
    "/etc/passwd",
    "/workspace/a",
    "a//b",
    "./a",
    "a/",
    "a\\b",
    "a\0b",
    "a\nb",
    "e\u0301.md",
    "\u202etxt.exe",
    "",
    long,
    `${"d/".repeat(40)}x`,
    "y".repeat(300),
  ]) {
    for (const [method, body] of [["GET"], ["PUT", "x"], ["DELETE"]] as const) {
      const answer = await refusal(ask(file(path, "0.0"), { method, ...(body ? { body } : {}) }));
      expect({ path: path.slice(0, 20), method, ...answer }).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
      expect(answer.message.length).toBeLessThan(400);
    }
  }
  for (const stamp of [undefined, "", "1", "-1.0", "1.2.3", "x.y", "1e3.0"]) {
    expect(await refusal(ask(file("a.md", stamp), { method: "PUT", body: "x" }))).toMatchObject({ status: 400 });
    expect(await refusal(ask(file("a.md", stamp), { method: "DELETE" }))).toMatchObject({ status: 400 });
  }
  expect((await list()).map(({ path }) => path)).not.toContain("a.md");
});

test("a file of more than 25 MB is refused, announced or not", async () => {
  const body = new Uint8Array(25 * 1024 * 1024 + 1);
  expect(await refusal(ask(file("big", "0.0"), { method: "PUT", body }))).toMatchObject({ status: 413, code: "TOO_LARGE" });
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < 27; at++) controller.enqueue(new Uint8Array(1024 * 1024));
      controller.close();
    },
  });
  expect(await refusal(ask(file("big", "0.0"), { method: "PUT", body: stream }))).toMatchObject({ status: 413 });
  expect(await refusal(ask(file("big")))).toMatchObject({ status: 404 });
});

test("what came with Skerry can be read and replaced, not taken away", async () => {
  const bundled = (await list()).find((row) => row.kind === "file" && row.version === 0);
  if (!bundled) throw new Error("nothing is bundled");
  expect((await ask(file(bundled.path))).status).toBe(200);
  expect(await refusal(ask(file(bundled.path, "0.0"), { method: "DELETE" }))).toMatchObject({ status: 403 });
  expect((await ask(file(bundled.path, "0.0"), { method: "PUT", body: "own" })).status).toBe(200);
  expect(await textOf(ask(file(bundled.path)))).toBe("own");
});

test("no secret of Skerry is among the files", async () => {
  expect(await directory().setProviderKey("anthropic", "sk-very-secret-provider-key")).toMatchObject({ ok: true });
  for (const { path, kind } of await list()) {
    if (kind === "folder") continue;
    const body = await textOf(ask(file(path)));
    expect({ path, hasSecret: [OWNER, token, "sk-very-secret-provider-key"].some((secret) => body.includes(secret)) }).toEqual({
      path,
      hasSecret: false,
    });
  }
});

test("nobody but a paired machine comes in, and none that was removed", async () => {
  expect(await refusal(SELF.fetch("http://skerry.test/home/workspaces/main"))).toMatchObject({ status: 401 });
  expect(await refusal(ask("main", { token: OWNER }))).toMatchObject({ status: 401 });
  const gone = await pair();
  expect((await ask("main", { token: gone.token })).status).toBe(200);
  const owner = await openGateway();
  await owner.connect(() =>
    makeConnect({ auth: { token: OWNER }, scopes: ["operator.admin", "operator.read", "operator.pairing"] }),
  );
  expect(await owner.request("device.pair.remove", { deviceId: gone.deviceId })).toMatchObject({ ok: true });
  owner.close();
  expect(await refusal(ask("main", { token: gone.token }))).toMatchObject({ status: 401 });
  expect(await refusal(ask(file("c.md", "0.0"), { method: "PUT", body: "x", token: gone.token }))).toMatchObject({ status: 401 });
  expect(deviceId).not.toBe(gone.deviceId);
});

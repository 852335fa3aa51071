// The real object in workerd: its SQLite, its bucket, its RPC. The parts have their own tests in Node.
import { env, evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Bootstrap } from "../../../src/contract/ports/workspace.ts";
import type { Env } from "../../../src/durable/env.ts";
import { workspaceOf } from "../../../src/durable/stubs.ts";

const bindings = env as unknown as Env;
const encode = (text: string) => new TextEncoder().encode(text);
let count = 0;
const openNew = () => {
  const agentId = `agent-${++count}`;
  return { agentId, workspace: workspaceOf(bindings, agentId), stub: bindings.WORKSPACE.getByName(agentId) };
};

test("a new workspace bootstraps over RPC and answers unchanged afterwards, also when it was evicted", async () => {
  const { workspace, stub } = openNew();
  const bootstrap = (await workspace.bootstrap()) as Bootstrap;
  expect(bootstrap.isFirstRun).toBe(true);
  expect(bootstrap.files).toHaveLength(7);
  expect(bootstrap.skills.filter((skill) => skill.isEnabled).length).toBeGreaterThanOrEqual(5);
  await evictDurableObject(stub);
  expect(await workspace.bootstrap(bootstrap.fingerprint)).toEqual({ fingerprint: bootstrap.fingerprint, unchanged: true });
});

test("files, conflicts and searches cross the border as plain outcomes", async () => {
  const { workspace } = openNew();
  expect(await workspace.write("notes/a.md", encode("one\ntwo needle\n"))).toMatchObject({ ok: true, value: { version: 1 } });
  expect(await workspace.write("notes/a.md", encode("x"), 7)).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  expect(await workspace.read("../a")).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST" } });
  expect(await workspace.grep({ pattern: "n..dle" })).toEqual({
    ok: true,
    value: [{ path: "notes/a.md", line: 2, text: "two needle" }],
  });
  expect(await workspace.list("notes")).toMatchObject({ ok: true, value: [{ path: "notes/a.md" }] });
});

test("memory is searched with the platform's FTS5, whatever the query says", async () => {
  const { workspace } = openNew();
  await workspace.write("memory/2026-11-01.md", encode("Mira is allergic to walnuts."));
  expect(await workspace.memorySearch('walnuts" OR NEAR( *', 5)).toMatchObject([{ path: "memory/2026-11-01.md", line: 1 }]);
  await workspace.remove("memory/2026-11-01.md");
  expect(await workspace.memorySearch("walnuts", 5)).toEqual([]);
});

test("a large file lives in the bucket under the agent's name, and leaves it when it goes", async () => {
  const { agentId, workspace, stub } = openNew();
  const bytes = new Uint8Array(3 * 1024 * 1024).map((_, index) => index % 253);
  expect(await workspace.write("big.bin", bytes)).toMatchObject({ ok: true });
  const keys = async () => (await bindings.MEDIA.list({ prefix: `workspace/${agentId}/` })).objects.map((object) => object.key);
  expect(await keys()).toHaveLength(1);
  await evictDurableObject(stub);
  const read = await workspace.read("big.bin");
  expect(read.ok && read.value.bytes.byteLength).toBe(bytes.byteLength);
  expect(read.ok && read.value.bytes.every((byte, index) => byte === index % 253)).toBe(true);
  await workspace.remove("big.bin");
  expect(await keys()).toEqual([]);
});

test("several changes that cannot all be made leave the object's storage as it was", async () => {
  const { workspace } = openNew();
  const outcome = await workspace.apply([
    { type: "write", path: "a.md", bytes: encode("x") },
    { type: "remove", path: "SOUL.md" },
    { type: "mkdir", path: "USER.md/x" },
  ]);
  expect(outcome).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  expect(await workspace.read("a.md")).toMatchObject({ ok: false });
  expect(await workspace.read("SOUL.md")).toMatchObject({ ok: true });
});

// The Directory's alarm in real workerd: a program's session ends with its object, and the alarm is set only for such.
import { env, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { DirectoryPort } from "../../../src/contract/ports/directory.ts";
import type { SessionPort } from "../../../src/contract/ports/session.ts";
import { programSessionKey } from "../../../src/contract/session-key.ts";
import type { Env } from "../../../src/durable/env.ts";

const bindings = env as unknown as Env;
const stub = bindings.DIRECTORY.getByName("directory");
const directory = stub as unknown as DirectoryPort;
const sessionAt = (key: string) => bindings.SESSION.getByName(key) as unknown as SessionPort;
const alarmAt = () => runInDurableObject(stub, (_object, state) => state.storage.getAlarm());

async function admit(sessionKey: string): Promise<void> {
  const message = {
    id: `m-${sessionKey}`,
    from: { channel: "openai", peer: "api" },
    sender: { id: "owner", isOwner: true },
    parts: [{ type: "text" as const, text: "hi" }],
    sentAt: Date.now(),
  };
  await directory.admit(message, { sessionKey });
}

test("a program's session is deleted with all it holds once a week has passed, a talk is not", async () => {
  await admit("agent:main:web-talk");
  expect(await alarmAt()).toBeNull();
  const key = programSessionKey("main", "week-old");
  await admit(key);
  await vi.waitFor(async () => expect(await alarmAt()).toBeGreaterThan(Date.now() + 6 * 86_400_000));
  await sessionAt(key).inject("what was said");
  expect((await sessionAt(key).history({})).entries).toHaveLength(1);
  expect((await directory.sessions({ kind: "programs" })).rows).toMatchObject([{ key }]);
  await runInDurableObject(stub, (_object, state) => {
    state.storage.sql.exec("UPDATE session SET updated_at = ? WHERE key = ?", Date.now() - 8 * 86_400_000, key);
  });
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await directory.sessions({ kind: "programs" })).toMatchObject({ rows: [], programs: 0 });
  expect((await sessionAt(key).history({})).entries).toEqual([]);
  expect((await directory.sessions({ kind: "talks" })).rows.map((row) => row.key)).toContain("agent:main:web-talk");
  expect(await alarmAt()).toBeNull();
});

// What the Directory knows of browsers, in the real runtime: whether a machine has one, and what the edge's have used of the day, also
// after it was put out of memory.
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { DirectoryPort } from "../../../src/contract/ports/directory.ts";
import type { Env } from "../../../src/durable/env.ts";
import { directoryOf } from "../../../src/durable/stubs.ts";

const own = env as unknown as Env;
const stub = () => own.DIRECTORY.get(own.DIRECTORY.idFromName("directory"));
const directory = (): DirectoryPort => directoryOf(own);
const MAIN = "agent:main:main";

test("a browser of a machine is kept over a restart, and is for the owner's own session alone", async () => {
  expect((await directory().brief(MAIN)).browser).toBeUndefined();
  await directory().noteHomes?.(true, true);
  await evictDurableObject(stub());
  expect((await directory().brief(MAIN)).browser).toMatchObject({ places: ["home"], isChosen: false, isHeadless: true });
  expect((await directory().brief("agent:main:telegram:group:1")).browser).toBeUndefined();
  await directory().patchSettings({ browser: { backend: "home" } });
  expect((await directory().brief("agent:main:telegram:group:1")).browser).toMatchObject({ places: ["home"], isChosen: true });
  await directory().patchSettings({ browser: { enabled: false } });
  expect((await directory().brief(MAIN)).browser).toBeUndefined();
  await directory().patchSettings({ browser: null });
  await directory().noteHomes?.(true);
  expect((await directory().brief(MAIN)).browser).toBeUndefined();
});

test("browser time of all talks is one sum, told again without counting twice, and kept over a restart", async () => {
  const now = Date.now();
  const midnight = now - (now % 86_400_000);
  const startedAt = Math.max(midnight, now - 60_000);
  const ran = now - startedAt;
  await directory().noteBrowserUse({ id: "one", startedAt, until: now + 120_000 });
  await directory().noteBrowserUse({ id: "one", startedAt, until: now });
  await directory().noteBrowserUse({ id: "two", startedAt, until: now });
  await evictDurableObject(stub());
  expect(await directory().noteBrowserUse()).toBe(2 * ran);
});

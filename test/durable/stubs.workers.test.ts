// Whoever holds a port for long outlives the objects behind it.
import { env, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { Env } from "../../src/durable/env.ts";
import { directoryOf } from "../../src/durable/stubs.ts";

const bindings = env as unknown as Env;

it("a port that is held goes on when its object broke off", async () => {
  const directory = directoryOf(bindings);
  const [agent] = await directory.agents();
  for (let round = 0; round < 3; round++) {
    const stub = bindings.DIRECTORY.getByName("directory");
    await runInDurableObject(stub, (_object, state) => state.abort("broken off")).catch(() => undefined);
    // What was under way may be lost with it; the next call is not.
    await directory.agents().catch(() => undefined);
    expect(await directory.agents()).toEqual([agent]);
  }
});

// The scripted model server does what scripts say: benches and journeys rest on it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { directive, readDirective } from "../../support/model-server/script.ts";
import { ModelServer } from "../../support/model-server/server.ts";
import { hear, httpRig, userSays } from "./rig.ts";

let server: ModelServer;
beforeAll(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.reset());
afterAll(() => server.stop());

const rig = () => httpRig("", "anthropic/claude-opus-4-6", server);

describe("the scripted model server", () => {
  it("reads the last directive of a message", () => {
    expect(readDirective(`a ${directive({ say: 1 })} b ${directive({ say: "x @ y", args: { a: { b: 1 } } })} c`)).toEqual({
      say: "x @ y",
      args: { a: { b: 1 } },
    });
    expect(readDirective("nothing")).toBeUndefined();
  });

  it("makes calls one after another, then answers", async () => {
    const messages = [userSays(directive({ tool: "read", args: { path: "a" }, calls: 2, say: "done" }))];
    for (let round = 0; round < 2; round += 1) {
      const { reply } = await hear(rig(), { messages });
      expect(reply.calls).toHaveLength(1);
      messages.push({ role: "assistant", text: "", thinking: [], calls: reply.calls, model: "x" });
      messages.push({ role: "tool", callId: reply.calls[0]?.id ?? "", name: "read", text: "ok", isError: false, images: [] });
    }
    expect((await hear(rig(), { messages })).reply.text).toBe("done");
  });

  it("keeps a rate", async () => {
    const startedAt = performance.now();
    await hear(rig(), { messages: [userSays(directive({ say: 21, rate: 100 }))] });
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(190);
    expect(tookMs).toBeLessThan(600);
  });

  it("lets a fault happen as often as it should", async () => {
    const messages = [userSays(directive({ fault: "500", times: 2, id: "twice", say: "at last" }))];
    for (let time = 0; time < 2; time += 1)
      await expect(hear(rig(), { messages })).rejects.toMatchObject({ data: { kind: "unknown" } });
    expect((await hear(rig(), { messages })).reply.text).toBe("at last");
  });

  it("finds a conversation too long until it is shorter", async () => {
    const text = directive({ fault: "overflow", id: "long" });
    await expect(hear(rig(), { messages: [userSays("x".repeat(500), text)] })).rejects.toMatchObject({
      data: { kind: "too-long" },
    });
    await expect(hear(rig(), { messages: [userSays("x".repeat(500), text)] })).rejects.toMatchObject({
      data: { kind: "too-long" },
    });
    expect((await hear(rig(), { messages: [userSays("x", text)] })).reply.text).toMatch(/^w0/);
  });

  it("is a program that prints its address, takes scripts over HTTP, and ends with its input", async () => {
    const child = spawn(process.execPath, ["test/support/model-server/main.ts"], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    await fetch(`${url}/script`, { method: "POST", body: JSON.stringify({ say: "from the queue" }) });
    const own = httpRig("", "openai/gpt-5.4", { url } as ModelServer);
    expect((await hear(own)).reply.text).toBe("from the queue");
    const seen = (await (await fetch(`${url}/requests`)).json()) as { path: string }[];
    expect(seen.map((request) => request.path)).toEqual(["/v1/responses"]);
    const exited = once(child, "exit");
    child.stdin.end();
    expect((await exited)[0]).toBe(0);
  });
});

// When the engine is not there, is something else, dies in mid-run, or cannot build: what happened is told, and what to do.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocketServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_IMAGE } from "../../../src/bridge/sandbox/image.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../../support/engine.ts";
import { openTestSandbox, type TestSandbox } from "../../support/sandbox.ts";

const reason = skipReason();

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => ({ code: "none", message: "" }),
    (error) => error,
  );
const status = (box: TestSandbox) => box.status();

describe("without an engine", () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "skt-"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const listen = (server: Server | ReturnType<typeof createServer>, path: string) =>
    new Promise<void>((done) => server.listen(path, done));

  test("it says where it looked and what to do, and nothing is run", async () => {
    const socket = join(dir, "none.sock");
    const box = openTestSandbox({ environment: { DOCKER_HOST: `unix://${socket}` } });
    const message = `No container engine answers at ${socket}: install Docker or Podman, or start it.`;
    expect(await status(box)).toEqual({ reason: message, image: DEFAULT_IMAGE, hasImage: false, containers: [] });
    expect(await refusal(box.run(box.place("x"), "true"))).toMatchObject({ code: "NO_ENGINE", message });
    expect(await refusal(box.prune())).toMatchObject({ code: "NO_ENGINE" });
    await box.start();
    expect(box.logged).toEqual([]);
    await box.leave();
  });

  test("what answers and is no engine is told as such; what never answers, too", async () => {
    const web = createServer((_request, answer) => answer.writeHead(404).end("no such page"));
    await listen(web, join(dir, "web.sock"));
    const mute = createSocketServer(() => undefined);
    await listen(mute, join(dir, "mute.sock"));
    try {
      for (const [name, words] of [
        ["web", /web\.sock is no container engine/],
        ["mute", /No container engine answers at .*mute\.sock \(it did not answer in time\)/],
      ] as const) {
        const box = openTestSandbox({ environment: { DOCKER_HOST: `unix://${join(dir, `${name}.sock`)}` } });
        expect((await status(box)).reason).toMatch(words);
        await box.leave();
      }
    } finally {
      web.close();
      mute.close();
    }
  });

  test("an engine on another machine is refused: it could not mount folders of this one", async () => {
    for (const address of ["tcp://127.0.0.1:2375", "ssh://nas"]) {
      const box = openTestSandbox({ environment: { DOCKER_HOST: address } });
      expect((await status(box)).reason).toContain(`${address} is no engine of this machine`);
      await box.leave();
    }
  });
});

describe.skipIf(reason !== undefined)("with an engine", () => {
  let engine: TestEngine;
  let box: TestSandbox;

  beforeAll(async () => {
    const archive = imageArchive();
    engine = await startEngine();
    box = openTestSandbox(engine);
    if (engine.isOwn) expect(await status(box)).toMatchObject({ hasImage: false, containers: [] });
    if (engine.isOwn)
      expect(await refusal(box.run(box.place("x"), "true"))).toMatchObject({
        code: "NO_IMAGE",
        message: `The sandbox's image ${DEFAULT_IMAGE} is not on this machine yet. Build it once with: skerry bridge sandbox build`,
      });
    await engine.importImage(DEFAULT_IMAGE, archive);
  }, 600_000);

  afterAll(async () => {
    await box?.leave();
    await engine?.stop();
  }, 60_000);

  test("its status names it, its image and its containers", async () => {
    await box.run(box.place("agent:main:main"), "true");
    const told = await status(box);
    expect(told).toMatchObject({
      engine: { name: expect.stringMatching(/Docker|Podman/), version: expect.stringMatching(/^\d+\./), socket: engine.socket },
      image: DEFAULT_IMAGE,
      hasImage: true,
      containers: [{ key: "agent:main:main", isRunning: true, image: expect.stringContaining(DEFAULT_IMAGE) }],
    });
    expect(Math.abs((told.containers[0]?.usedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("a Dockerfile that cannot be followed is told with its own words; what was built before stays", async () => {
    const dir = join(box.stateDir, "broken");
    mkdirSync(dir);
    const build = (text: string) => {
      writeFileSync(join(dir, "Dockerfile"), text);
      const lines: string[] = [];
      const builder = openTestSandbox(engine, { imageDir: dir, config: { networks: [] } });
      return { lines, done: refusal(builder.buildImage((line) => lines.push(line))).finally(() => builder.leave()) };
    };
    const failing = build(`FROM ${DEFAULT_IMAGE}\nRUN echo so far; exit 7\n`);
    expect(await failing.done).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/^The image was not built: .*7/),
    });
    expect(failing.lines.join("\n")).toContain("so far");
    expect(await build("NONSENSE\n").done).toMatchObject({ message: expect.stringMatching(/NONSENSE|no build stage|no FROM/i) });
    expect((await status(box)).hasImage).toBe(true);
  });

  // Only of an engine of our own is it known that nothing leads out of its containers.
  test("without a way to the network, building says so", async () => {
    if (!engine.isOwn) return;
    const text = readFileSync(new URL("../../../sandbox/image/Dockerfile", import.meta.url), "utf8");
    const dir = join(box.stateDir, "offline");
    mkdirSync(dir);
    // Its base is here, as it would be after an earlier build; one of its packages is not.
    const more = text.replace(/^FROM .*$/m, `FROM ${DEFAULT_IMAGE}`).replace(" zip ", " zip cowsay ");
    expect(more).toContain("cowsay");
    writeFileSync(join(dir, "Dockerfile"), more);
    const builder = openTestSandbox(engine, { imageDir: dir, config: { networks: [] } });
    const failed = await refusal(builder.buildImage(() => undefined)).finally(() => builder.leave());
    expect(failed).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("there is no way to the network from the engine"),
    });
  });

  test("dies it in mid-run, that is told; when it is back, the next command runs", async () => {
    if (!engine.isOwn) return;
    const place = box.place("crash");
    const running = await box.begin(place, "echo kept > /workspace/kept; echo ready; sleep 1000");
    await expect.poll(() => running.output()).toContain("ready");
    await engine.crash();
    expect((await running.ended).endedBy).toBe(
      "The container engine stopped answering while it ran; what became of it is not known.",
    );
    expect(await refusal(box.run(place, "true"))).toMatchObject({ code: "NO_ENGINE" });
    await engine.restart();
    expect((await box.run(place, "cat /workspace/kept; ps -eo args | grep -c '^sleep 1000'")).output).toMatch(/^kept\n/);
  });
});

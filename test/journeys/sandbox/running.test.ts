// Commands in containers of a real engine: what they say, how they end, and that the end is told in words.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerName } from "../../../src/bridge/sandbox/container-plan.ts";
import { DEFAULT_IMAGE } from "../../../src/bridge/sandbox/image.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../../support/engine.ts";
import { openTestSandbox, ownUser, type TestSandbox } from "../../support/sandbox.ts";

const reason = skipReason();

describe.skipIf(reason !== undefined)("a command in the sandbox", () => {
  let engine: TestEngine;
  let box: TestSandbox;

  beforeAll(async () => {
    const archive = imageArchive();
    engine = await startEngine();
    await engine.importImage(DEFAULT_IMAGE, archive);
    box = openTestSandbox(engine);
  }, 600_000);

  afterAll(async () => {
    await box?.leave();
    await engine?.stop();
  }, 60_000);

  const inspect = async (name: string) => (await engine.engine.ask("GET", `/containers/${name}/json`)).body as { Id: string };
  const installation = () => readFileSync(join(box.stateDir, "sandbox/installation"), "utf8");
  const nameOf = (key: string) => containerName(installation(), box.place(key));
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => ({ code: "none", message: "" }),
      (error) => error,
    );

  test("says what it wrote on both streams, and its exit code", async () => {
    const ran = await box.run(box.place("plain"), "echo out; echo err >&2; exit 3");
    expect(ran.output.split("\n").sort()).toEqual(["", "err", "out"]);
    expect(ran.exitCode).toBe(3);
    expect(ran.endedBy).toBeUndefined();
  });

  test("loses no word of either stream, however fast it says it and ends", async () => {
    const place = box.place("plain");
    for (let round = 0; round < 15; round++) {
      const { output } = await box.run(place, "echo err >&2; echo out");
      expect(output.split("\n").sort()).toEqual(["", "err", "out"]);
    }
  });

  test("runs by bash, in /workspace, with what the place and the call gave it", async () => {
    const place = box.place("env", { env: { FROM_PLACE: "1", BOTH: "place" } });
    const ran = await box.run(place, 'echo "$BASH_VERSION|$PWD|$FROM_PLACE|$BOTH|$HOME"', { env: { BOTH: "call" } });
    expect(ran.output).toMatch(/^5[\d.()a-z-]+\|\/workspace\|1\|call\|\/workspace\n$/);
  });

  test("enters a folder whose name a shell would misread, and says when there is none", async () => {
    const place = box.place("folders");
    const odd = "a 'b\" $(touch evil) -x";
    await box.run(place, 'mkdir -p "$ODD"', { env: { ODD: odd } });
    const ran = await box.run(place, "pwd; ls -A /workspace", { workdir: odd });
    expect(ran.output).toBe(`/workspace/${odd}\n${odd}\n`);
    expect((await box.run(place, "pwd", { workdir: "~" })).output).toBe("/workspace\n");
    expect(await refusal(box.run(place, "pwd", { workdir: "/nowhere" }))).toMatchObject({
      code: "NOT_FOUND",
      message: "There is no folder /nowhere in the sandbox, or it may not be entered.",
    });
  });

  test("keeps its container and its files from one command to the next", async () => {
    const place = box.place("keep");
    await box.run(place, "echo one > /workspace/f; echo two > /tmp/g");
    const before = await inspect(nameOf("keep"));
    expect((await box.run(place, "cat /workspace/f /tmp/g")).output).toBe("one\ntwo\n");
    expect((await inspect(nameOf("keep"))).Id).toBe(before.Id);
  });

  test("made at the same time many times, it is one container", async () => {
    const place = box.place("at-once");
    const all = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => box.run(place, `echo ${n}; hostname; cat /proc/1/stat | cut -d' ' -f22`)),
    );
    expect(all.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(new Set(all.map(({ output }) => output.split("\n")[2])).size).toBe(1);
  });

  test("reads what is written to it, until its input ends", async () => {
    const running = await box.begin(box.place("input"), "cat; echo over");
    await running.write(Buffer.from("hello\n"));
    await expect.poll(() => running.output()).toBe("hello\n");
    await running.endInput();
    expect(await running.ended).toEqual({ exitCode: 0 });
    expect(running.output()).toBe("hello\nover\n");
  });

  test("has a terminal when one is wanted, with a size, and Ctrl-C", async () => {
    const place = box.place("terminal");
    const ran = await box.run(place, "tty; stty size; echo $TERM", { isPty: true });
    expect(ran.output).toMatch(/^\/dev\/pts\/\d+\r\n40 120\r\nxterm-256color\r\n$/);
    const running = await box.begin(place, "trap 'echo stopped; exit 7' INT; echo ready; while :; do sleep 0.1; done", {
      isPty: true,
    });
    await expect.poll(() => running.output()).toContain("ready");
    await running.write(Buffer.from([3]));
    expect(await running.ended).toEqual({ exitCode: 7 });
    expect(running.output()).toContain("stopped");
    const reader = await box.begin(place, "cat; echo over", { isPty: true });
    await reader.endInput();
    expect(await reader.ended).toEqual({ exitCode: 0 });
  });

  test("is heard by signals", async () => {
    const place = box.place("signals");
    const polite = await box.begin(place, "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.1; done");
    await expect.poll(() => polite.output()).toContain("ready");
    await polite.kill("TERM");
    expect(await polite.ended).toEqual({ exitCode: 9 });
    expect(polite.output()).toContain("bye");
    const plain = await box.begin(place, "echo ready; exec sleep 100");
    await expect.poll(() => plain.output()).toContain("ready");
    await plain.kill("TERM");
    expect(await plain.ended).toEqual({ signal: "SIGTERM" });
  });

  test("ends with all that it started, also what left its group and its session, and nothing else ends", async () => {
    const place = box.place("family");
    const other = await box.begin(place, "echo ready; sleep 1000");
    const running = await box.begin(
      place,
      // A child, a child of its own session, one that lost its parent too, and one that also hid its environment but has its parent.
      "sleep 1001 & setsid sleep 1002 & (setsid sh -c 'sleep 1003 & exit' &) ; env -i sleep 1004 & trap '' TERM INT HUP; echo ready; wait; wait",
    );
    await expect.poll(() => running.output()).toContain("ready");
    const alive = async () => (await box.run(place, "ps -eo args | grep -E '^sleep 100' | sort")).output;
    await expect.poll(alive).toBe("sleep 1000\nsleep 1001\nsleep 1002\nsleep 1003\nsleep 1004\n");
    await running.kill("KILL");
    expect(await running.ended).toEqual({ signal: "SIGKILL" });
    expect(await alive()).toBe("sleep 1000\n");
    await other.kill("KILL");
  });

  test("ends when it ends, though a child of it holds its output", async () => {
    const startedAt = Date.now();
    const ran = await box.run(box.place("holder"), "sleep 300 & echo done");
    expect(ran).toMatchObject({ exitCode: 0, output: "done\n" });
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  });

  test("out of memory, that is told", async () => {
    const place = box.place("hungry", { memoryMb: 64 });
    const ran = await box.run(place, "exec python3 -c 'x = bytearray(300 * 1024 * 1024)'");
    expect(ran).toMatchObject({ signal: "SIGKILL", endedBy: expect.stringContaining("ran out of memory (64 MB)") });
    // Killed by its own hand is something else.
    expect(await box.run(place, "kill -KILL $$")).toEqual({ exitCode: 137, output: "" });
  });

  test("its container stopped or removed by somebody, that is told, and the next command gets a new one", async () => {
    const place = box.place("taken");
    for (const [method, path, words] of [
      ["POST", "/kill", "was stopped by somebody"],
      ["DELETE", "?force=true", "was removed by somebody"],
    ] as const) {
      const running = await box.begin(place, "echo ready; sleep 100");
      await expect.poll(() => running.output()).toContain("ready");
      const before = await inspect(nameOf("taken"));
      await engine.engine.ask(method, `/containers/${before.Id}${path}`);
      expect((await running.ended).endedBy).toContain(words);
      expect((await box.run(place, "echo again")).output).toBe("again\n");
      expect((await inspect(nameOf("taken"))).Id).not.toBe(before.Id);
    }
  });

  test("made of other settings, its container is made anew", async () => {
    await box.run(box.place("settings"), "true");
    const before = await inspect(nameOf("settings"));
    const ran = await box.run(
      box.place("settings", { memoryMb: 128 }),
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null",
    );
    expect(ran.output.trim()).toBe(String(128 * 1024 * 1024));
    expect((await inspect(nameOf("settings"))).Id).not.toBe(before.Id);
  });

  test("is set up once, as its user; what the setup said is kept, and a failure is told", async () => {
    const place = box.place("setup", { setup: "echo setting up as $(id -u); echo x >> /workspace/made; echo y >> /tmp/made" });
    expect((await box.run(place, "cat /workspace/made /tmp/made")).output).toBe("x\ny\n");
    expect((await box.run(place, "cat /workspace/made /tmp/made")).output).toBe("x\ny\n");
    const name = nameOf("setup");
    expect(readFileSync(join(box.stateDir, "sandbox", name, "setup.log"), "utf8")).toBe(`setting up as ${ownUser(engine).uid}\n`);
    const failed = await refusal(box.run(box.place("setup", { setup: "echo no luck >&2; exit 4" }), "true"));
    expect(failed).toMatchObject({ code: "UNAVAILABLE", message: expect.stringMatching(/failed with exit code 4.*no luck/s) });
    expect((await engine.engine.ask("GET", `/containers/${name}/json`)).status).toBe(404);
  });

  test("idle for a day or a week old, its container is removed; one that is used or somebody else's is not", async () => {
    for (const key of ["idle", "used", "busy"]) await box.run(box.place(key), "true");
    const busy = await box.begin(box.place("busy"), "sleep 100");
    const long = Date.now() / 1000 - 25 * 3600;
    for (const key of ["idle", "busy"]) utimesSync(join(box.stateDir, "sandbox", nameOf(key), "used"), long, long);
    const foreign = await engine.engine.ask("POST", "/containers/create", {
      query: { name: "somebody-elses" },
      body: { Image: DEFAULT_IMAGE, Cmd: ["true"], Labels: { "skerry.installation": "another" } },
    });
    expect(foreign.status).toBe(201);
    expect(await box.prune()).toBe(1);
    const left = await Promise.all(
      ["idle", "used", "busy"].map(async (key) => (await engine.engine.ask("GET", `/containers/${nameOf(key)}/json`)).status),
    );
    expect(left).toEqual([404, 200, 200]);
    expect((await engine.engine.ask("GET", "/containers/somebody-elses/json")).status).toBe(200);
    await busy.kill("KILL");
    const later = openTestSandbox(engine, { stateDir: box.stateDir, now: () => Date.now() + 8 * 24 * 3600_000 });
    await later.prune();
    expect((await box.status()).containers).toEqual([]);
    expect((await engine.engine.ask("DELETE", "/containers/somebody-elses")).status).toBe(204);
  });

  test("left behind by a bridge that was killed, its processes go when the next one starts; a quiet container stays", async () => {
    const stateDir = box.stateDir;
    await box.run(box.place("quiet"), "true");
    await box.begin(box.place("orphan"), "sleep 1000");
    const next = openTestSandbox(engine, { stateDir });
    await next.start();
    expect((await engine.engine.ask("GET", `/containers/${nameOf("orphan")}/json`)).status).toBe(404);
    expect((await engine.engine.ask("GET", `/containers/${nameOf("quiet")}/json`)).status).toBe(200);
    await next.close();
  });

  test("a container of the same name that is not ours is left alone, and that is said", async () => {
    const place = box.place("taken-name");
    await engine.engine.ask("POST", "/containers/create", {
      query: { name: nameOf("taken-name") },
      body: { Image: DEFAULT_IMAGE, Cmd: ["true"] },
    });
    expect(await refusal(box.run(place, "true"))).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("is not this Skerry's"),
    });
    expect((await engine.engine.ask("DELETE", `/containers/${nameOf("taken-name")}`)).status).toBe(204);
  });

  test("an image that is missing is told with what to do, and never fetched", async () => {
    expect(await refusal(box.run(box.place("imageless", { image: "nobody/has:this" }), "true"))).toMatchObject({
      code: "NO_IMAGE",
      message: expect.stringMatching(
        /^The image nobody\/has:this is not on this machine. Fetch it with: (docker|podman) pull nobody\/has:this$/,
      ),
    });
    expect(await refusal(box.run(box.place("imageless", { image: "../../containers/json?x=" }), "true"))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  test.skipIf(process.getuid?.() !== 0)(
    "a disk that is nearly full is told before a command, and ends one that runs",
    async () => {
      const full = openTestSandbox(engine, { stateDir: box.stateDir, minFreeBytes: 2 ** 52 });
      expect(await refusal(full.run(full.place("full"), "true"))).toMatchObject({ code: "DISK_FULL" });
      const small = mkdtempSync(join(tmpdir(), "sks-"));
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=60m,mode=700", "tmpfs", small]);
      const tight = openTestSandbox(engine, { stateDir: small, minFreeBytes: 30 * 1024 * 1024 });
      try {
        const place = tight.place("tight");
        expect((await tight.run(place, "echo fine")).output).toBe("fine\n");
        const ran = await tight.run(place, "dd if=/dev/zero of=/workspace/big bs=1M count=45 2> /dev/null; sleep 100");
        expect(ran).toMatchObject({ signal: "SIGKILL", endedBy: expect.stringContaining("nearly full") });
        expect(await refusal(tight.run(place, "true"))).toMatchObject({ code: "DISK_FULL" });
        const later = openTestSandbox(engine, { stateDir: small, now: () => Date.now() + 8 * 24 * 3600_000 });
        expect(await later.prune()).toBe(1);
      } finally {
        execFileSync("umount", ["-l", small]);
        rmSync(small, { recursive: true, force: true });
      }
    },
  );

  test("what the packages of the image promise is there", async () => {
    const words = "bash curl file git jq python3 rg pdftotext convert unzip zip xz make patch less";
    const ran = await box.run(box.place("tools"), `for w in ${words}; do command -v $w > /dev/null || echo missing $w; done`);
    expect(ran).toEqual({ exitCode: 0, output: "" });
    const made = await box.run(
      box.place("tools"),
      "convert -size 40x30 xc:red a.png && convert a.png a.jpg && file -b --mime-type a.jpg && printf '{\"a\":1}' | jq .a && ls -l a.jpg | cut -c1-10",
    );
    expect(made.output).toBe("image/jpeg\n1\n-rw-r--r--\n");
  });
});

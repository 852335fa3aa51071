// The agent's files in a container: a started Skerry, a bridge on its line, a real engine. What the agent wrote is there, what a
// command did comes back, and what a container does to the folder leads nobody out of it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readBridgeConfig } from "../../../src/bridge/home/config.ts";
import type { HomeDoor } from "../../../src/bridge/home/door.ts";
import { openRooms } from "../../../src/bridge/home/rooms.ts";
import { DEFAULT_IMAGE } from "../../../src/bridge/sandbox/image.ts";
import { openAgentFiles } from "../../../src/bridge/sandbox/mirror/agent-files.ts";
import { type Mirror, openMirror } from "../../../src/bridge/sandbox/mirror/mirror.ts";
import { openTestBridge, type TestBridge } from "../../support/bridge.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../../support/engine.ts";
import { ModelServer } from "../../support/model-server/server.ts";
import { type Operator, openOperator } from "../../support/operator.ts";
import { type Skerry, startSkerry } from "../../support/runtime.ts";
import { openTestSandbox, type TestSandbox } from "../../support/sandbox.ts";

const reason = skipReason();
const BESIDE = / \(from the sandbox [\d.\- ]+\)/;
const MIN_FREE_BYTES = 16 * 1024 * 1024;

describe.skipIf(reason !== undefined)("the agent's files in the sandbox", () => {
  let engine: TestEngine;
  let model: ModelServer;
  let skerry: Skerry;
  let operator: Operator;
  let bridge: TestBridge;
  let box: TestSandbox;
  let mirror: Mirror;
  let door: HomeDoor;
  let dir: string;

  beforeAll(async () => {
    const archive = imageArchive();
    engine = await startEngine();
    await engine.importImage(DEFAULT_IMAGE, archive);
    model = await ModelServer.start();
    skerry = await startSkerry({
      env: { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" },
    });
    operator = await openOperator(skerry);
    dir = mkdtempSync(join(tmpdir(), "skerry-files-"));
    mirror = openMirror({ dir: join(dir, "sandbox/files"), minFreeBytes: MIN_FREE_BYTES, log: () => undefined });
    const room = {
      commands: {},
      begin: (line: { door: HomeDoor }) => {
        door = line.door;
        mirror.connect(line.door);
      },
      close: async () => {},
    };
    bridge = await openTestBridge({ url: skerry.url, token: skerry.token, name: "attic", rooms: [room] });
    await bridge.reach("ready");
    box = openTestSandbox(engine, { stateDir: dir, folders: mirror, minFreeBytes: MIN_FREE_BYTES });
    await allow("rw");
  }, 600_000);

  afterAll(async () => {
    await box?.leave();
    await bridge?.close();
    operator?.close();
    await skerry?.stop();
    await model?.stop();
    await engine?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const allow = (workspaceAccess: "none" | "ro" | "rw") =>
    operator.client.request("config.patch", { patch: { agents: { defaults: { sandbox: { workspaceAccess } } } } });
  const rw = (key = "one") => box.place(key, { workspace: "rw" });
  const folder = (access = "rw") => join(dir, `sandbox/files/main.${access}`);
  const write = (name: string, content: string) =>
    operator.client.request("agents.files.set", { agentId: "main", name, content });
  /** As a screen sees it; undefined: there is none. */
  const read = async (name: string) => {
    const { file } = await operator.client.request<{ file: { content?: string } }>("agents.files.get", { agentId: "main", name });
    return file.content;
  };
  const names = async () => {
    const { files } = await operator.client.request<{ files: { name: string }[] }>("agents.files.list", { agentId: "main" });
    return files.map(({ name }) => name);
  };

  test("the agent writes a file, a command in the container reads and changes it, and the agent reads what it did", async () => {
    const log: string[] = [];
    const stateDir = mkdtempSync(join(tmpdir(), "skerry-rooms-"));
    const config = { ...readBridgeConfig(undefined), name: "cellar" };
    const root = resolve(import.meta.dirname, "../../..");
    const rooms = await openRooms({ root, stateDir, config, environment: engine.environment, log: (text) => log.push(text) });
    const cellar = await openTestBridge({ url: skerry.url, token: skerry.token, name: "cellar", stateDir, rooms });
    try {
      await cellar.reach("ready");
      const command = "tr a-z A-Z < /workspace/trip/plan.md > trip/loud.md && rm trip/plan.md && ls /workspace/trip";
      const ask = async (tool: string, args: Record<string, unknown>) => {
        model.push({ tool, args });
        return operator.ended("agent:main:main", await operator.send("agent:main:main", tool), 60_000);
      };
      await ask("write", { path: "trip/plan.md", content: "to the island\n" });
      await ask("exec", { command, host: "sandbox" });
      const messages = await ask("read", { path: "trip/loud.md" });
      expect(JSON.stringify(messages), log.join("\n")).toContain("TO THE ISLAND");
      expect(await read("trip/loud.md")).toBe("TO THE ISLAND\n");
      expect(await read("trip/plan.md")).toBeUndefined();
    } finally {
      await cellar.close();
      rmSync(stateDir, { recursive: true, force: true });
    }
  });

  test("what a command writes is there afterwards: bytes, 5 MB, names in any script, folders", async () => {
    const program = [
      "head -c 5000000 /dev/urandom > big.bin; sha256sum < big.bin | cut -c1-64",
      "printf '\\000\\001\\377\\376' > 'kleine Größe ✓.bin'",
      "mkdir -p 日本/深い empty; echo こんにちは > 日本/深い/挨拶.txt; : > nothing",
      "umask 077; echo closed > closed.txt; umask 0; echo open > open.txt",
    ].join("; ");
    const { output, exitCode } = await box.run(rw(), program);
    expect(exitCode).toBe(0);
    const files = openAgentFiles(() => door, "main");
    const bytes = async (path: string) => {
      const got = await files.read(path);
      if (got.outcome !== "done") throw new Error(`${path}: ${got.outcome}`);
      return Buffer.from(got.bytes);
    };
    expect(
      createHash("sha256")
        .update(await bytes("big.bin"))
        .digest("hex"),
    ).toBe(output.trim());
    expect(await bytes("kleine Größe ✓.bin")).toEqual(Buffer.from([0, 1, 255, 254]));
    expect(await read("日本/深い/挨拶.txt")).toBe("こんにちは\n");
    expect([await read("nothing"), await read("closed.txt"), await read("open.txt")]).toEqual(["", "closed\n", "open\n"]);
    expect((await files.list()).get("empty")).toEqual({ kind: "folder" });
    // Another session's container has them, too, and what it removes is gone for all.
    expect((await box.run(rw("two"), "cat open.txt; rm -r empty open.txt")).output).toBe("open\n");
    expect(await read("open.txt")).toBeUndefined();
    expect((await files.list()).has("empty")).toBe(false);
    expect((await box.run(rw(), "ls -d open.txt empty 2>&1 | grep -c 'No such'")).output).toBe("2\n");
  });

  test("2,000 files go back, and only what changes of them goes again", async () => {
    const startedAt = Date.now();
    await box.run(rw(), 'mkdir many; for i in $(seq 2000); do echo "file $i" > many/$i.txt; done');
    const took = Date.now() - startedAt;
    expect((await names()).filter((name) => name.startsWith("many/"))).toHaveLength(2_000);
    expect(await read("many/1234.txt")).toBe("file 1234\n");
    console.log(`2,000 files were brought back within ${took} ms.`);
    await write("many/7.txt", "from the agent");
    const again = Date.now();
    const { output } = await box.run(rw("two"), "cat many/7.txt; ls many | wc -l; echo new > many/8.txt");
    console.log(`One of them changed: ${Date.now() - again} ms.`);
    expect(output).toBe("from the agent2000\n");
    expect(await read("many/8.txt")).toBe("new\n");
    await box.run(rw(), "rm -r many");
    expect((await names()).filter((name) => name.startsWith("many"))).toEqual([]);
  });

  test("a command that goes on in the background brings its files at its end, beside others", async () => {
    const slow = await box.begin(rw(), "echo half > slow.txt; sleep 3; echo whole > slow.txt");
    await expect.poll(() => existsSync(join(folder(), "slow.txt"))).toBe(true);
    await write("meanwhile.txt", "agent");
    expect((await box.run(rw("two"), "cat meanwhile.txt")).output).toBe("agent");
    await slow.ended;
    expect(await read("slow.txt")).toBe("whole\n");
  });

  test("what ran on after its command is brought back when its container is tidied away", async () => {
    await box.run(rw("orphan"), "(setsid sh -c 'sleep 2; echo late > late.txt' >/dev/null 2>&1 &)");
    await expect.poll(() => existsSync(join(folder(), "late.txt")), { timeout: 10_000 }).toBe(true);
    expect(await read("late.txt")).toBeUndefined();
    await box.prune();
    expect(await read("late.txt")).toBe("late\n");
  });

  test("changed on both sides, Skerry's stays, the sandbox's is beside it, and the command says so", async () => {
    await write("both.md", "base");
    const slow = await box.begin(rw(), "echo sandbox > both.md; sleep 2; printf 'no newline'");
    await expect.poll(() => readFileSync(join(folder(), "both.md"), "utf8")).toBe("sandbox\n");
    await write("both.md", "agent");
    await slow.ended;
    expect(await read("both.md")).toBe("agent");
    const beside = (await names()).find((name) => name.startsWith("both") && BESIDE.test(name)) ?? "";
    expect(await read(beside)).toBe("sandbox\n");
    expect(slow.output()).toMatch(/^no newline\n\[skerry\] Changed in the workspace, too.*both\.md.*\n$/);
    expect(slow.output()).toContain(beside);
    expect((await box.run(rw(), "cat both.md both*sandbox*")).output).toBe("agentsandbox\n");
  });

  test("ro shows the files and takes no change; none shows nothing of them", async () => {
    await write("seen.md", "seen");
    await allow("ro");
    try {
      const ro = box.place("one", { workspace: "ro" });
      const { output } = await box.run(
        ro,
        "exec 2>&1; cat seen.md; echo; echo x > seen.md; rm seen.md; touch new; ls | grep new; echo end",
      );
      expect(output).toMatch(/^seen$/m);
      expect(output.match(/Read-only file system/g)).toHaveLength(3);
      await write("seen.md", "seen later");
      expect((await box.run(ro, "cat seen.md")).output).toBe("seen later");
      expect(text((await box.host.files.read(ro, "seen.md", 0, 100)).bytes)).toBe("seen later");
      expect(await refusal(box.host.files.write(ro, "seen.md", Buffer.from("x")))).toMatchObject({ code: "FORBIDDEN" });
      // A place that claims more than the settings allow reads, and gets nothing through.
      const claimed = await box.run(rw("claims"), "echo mine > seen.md");
      expect(claimed.output).toContain("can only be read from a sandbox");
      expect(await read("seen.md")).toBe("seen later");
      await allow("none");
      expect(await refusal(box.run(ro, "cat seen.md"))).toMatchObject({
        code: "FORBIDDEN",
        message: expect.stringContaining("sandbox.workspaceAccess"),
      });
      expect((await box.run(box.place("none"), "ls -A /workspace | wc -l")).output).toBe("0\n");
    } finally {
      await allow("rw");
    }
    await box.run(rw("claims"), "true");
    expect(await read("seen.md")).toBe("mine\n");
  });

  test("files that the bridge writes and reads in it are the agent's, at once", async () => {
    const place = rw();
    const { modifiedAt } = await box.host.files.write(place, "direct/note.md", Buffer.from("by the bridge"));
    expect(await read("direct/note.md")).toBe("by the bridge");
    await write("direct/note.md", "by the agent");
    expect(text((await box.host.files.read(place, "direct/note.md", 0, 100)).bytes)).toBe("by the agent");
    expect(await refusal(box.host.files.write(place, "direct/note.md", Buffer.from("late"), modifiedAt))).toMatchObject({
      code: "CONFLICT",
    });
    expect(await read("direct/note.md")).toBe("by the agent");
  });

  describe("the container tries", () => {
    test("to have files of this machine uploaded by links of every kind", async () => {
      const outside = mkdtempSync(join(tmpdir(), "skerry-outside-"));
      writeFileSync(join(outside, "secret"), "host-secret");
      await write("linked/inner.md", "inner");
      const { output } = await box.run(
        rw(),
        [
          "ln -s /etc/passwd l1; ln -s ../../../../../../etc/passwd l2; ln -s / l3; ln -s /proc/self/environ l4",
          `ln -s ${outside} l5; ln -s ${outside}/secret l6; ln -s ${dir} l7; ln -s ../main.rw.json l8; mkfifo pipe`,
          `mv linked aside; ln -s ${outside} linked`,
          "python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('sock')\"",
          "ln /etc/passwd hard 2>/dev/null; echo ok",
        ].join("; "),
      );
      expect(output).toContain("ok\n");
      expect(output).toContain("links are not passed on");
      const all = await names();
      expect(all.filter((name) => /^(l\d|hard|pipe|sock|linked\/secret)/.test(name))).toEqual([]);
      expect(await read("linked/inner.md")).toBe("inner");
      expect(await read("aside/inner.md")).toBe("inner");
      for (const name of all)
        expect({ name, text: await read(name) }).not.toMatchObject({ text: expect.stringMatching(/host-secret|root:x:/) });
      // The other way: what the agent writes where a link stands does not reach what it leads to.
      await write("linked/planted.md", "x");
      await write("l6", "overwritten");
      await box.run(rw(), "true");
      expect(readdirSync(outside)).toEqual(["secret"]);
      expect(readFileSync(join(outside, "secret"), "utf8")).toBe("host-secret");
      await box.run(rw(), "rm -f l1 l2 l3 l4 l5 l6 l7 l8 pipe sock linked; rm -rf aside");
      rmSync(outside, { recursive: true, force: true });
    });

    test("to swap files and folders for links while the bridge reads and writes them", async () => {
      const outside = mkdtempSync(join(tmpdir(), "skerry-outside-"));
      mkdirSync(join(outside, "deep"));
      writeFileSync(join(outside, "secret"), "host-secret");
      writeFileSync(join(outside, "deep/secret"), "host-secret");
      await box.run(
        rw(),
        "mkdir -p race/real/deep; echo decoy > race/real/secret; echo decoy > race/real/deep/secret; echo decoy > race/f",
      );
      const program = [
        "import os, ctypes, time",
        "os.chdir('/workspace/race')",
        `os.symlink('${outside}', 'lead'); os.symlink('${outside}/secret', 'leadf')`,
        "libc = ctypes.CDLL(None)",
        "swap = lambda a, b: libc.syscall(316, -100, a, -100, b, 2)",
        "n = 0",
        "while True:",
        "  n += 1",
        "  swap(b'real', b'lead'); swap(b'f', b'leadf')",
        "  if n % 50: continue",
        "  try: open('real/secret' if not os.path.islink('real') else 'lead/secret', 'w').write('decoy %d' % n)",
        "  except OSError: pass",
      ].join("\n");
      const swapper = await box.begin(rw("swapper"), 'exec python3 -c "$PROGRAM"', { env: { PROGRAM: program } });
      await expect.poll(() => existsSync(join(folder(), "race/leadf"))).toBe(true);
      let hasEnded = false;
      void swapper.ended.then(() => {
        hasEnded = true;
      });
      let naive = 0;
      let rounds = 0;
      // The race is real: whoever opens by name is led out again and again.
      const isNaive = () => ["race/real/secret", "race/f"].some((path) => readQuietly(join(folder(), path)).includes("host"));
      for (const until = Date.now() + 10_000; naive < 20 && Date.now() < until; ) {
        if (isNaive()) naive += 1;
        await new Promise((done) => setTimeout(done, 1));
      }
      for (const until = Date.now() + 8_000; Date.now() < until; rounds++) {
        // What the agent changes comes in where the swapping goes on; what the swapping leaves goes out at each command's end.
        await write("race/real/secret", `agent ${rounds}`);
        await write(`race/real/deep/planted-${rounds}`, "x");
        await write("race/f", `agent ${rounds}`);
        await box.run(rw("victim"), `echo ${rounds} > race/turn; echo x > race/real/deep/made-${rounds}`);
      }
      expect(hasEnded).toBe(false);
      await swapper.kill("KILL");
      await swapper.ended;
      expect(naive).toBe(20);
      expect(rounds).toBeGreaterThan(3);
      expect(readdirSync(outside).sort()).toEqual(["deep", "secret"]);
      expect(readdirSync(join(outside, "deep"))).toEqual(["secret"]);
      expect(readFileSync(join(outside, "secret"), "utf8")).toBe("host-secret");
      for (const name of await names()) {
        expect({ name, isOutside: (await read(name))?.includes("host-secret") }).toEqual({ name, isOutside: false });
      }
      await box.run(rw(), "rm -rf race");
      rmSync(outside, { recursive: true, force: true });
    });

    test("to reach what the bridge remembers, other agents' files, or its own key to Skerry", async () => {
      const { output } = await box.run(rw(), "ls -a ..; cat ../main.rw.json; env; cat /proc/1/environ | tr '\\0' '\\n'");
      expect(output).not.toMatch(/"known"|Bearer|SKERRY_TOKEN/);
      expect(output).not.toContain(skerry.token);
      await operator.client.request("config.patch", {
        patch: { agents: { entries: { guest: { sandbox: { workspaceAccess: "rw" } } } } },
      });
      await operator.client.request("agents.files.set", { agentId: "guest", name: "mine.md", content: "guest's" });
      const guest = box.place("one", { workspace: "rw", agentId: "guest" });
      expect((await box.run(guest, "cat mine.md; ls both.md 2>/dev/null; echo guest > theirs.md")).output).toBe("guest's");
      expect((await box.run(rw(), "ls mine.md theirs.md 2>/dev/null; echo end")).output).toBe("end\n");
    });

    test("to make the bridge read without end or fill its memory", async () => {
      const startedAt = Date.now();
      const { output } = await box.run(
        rw(),
        "truncate -s 7G sparse; mkfifo -m 666 p; mkdir -p deep; cd deep; for i in $(seq 60); do mkdir d && cd d; done; echo x > x",
      );
      expect(output).toMatch(/larger than 25 MB\): sparse/);
      expect(output).toMatch(/neither a file nor a folder\): p/);
      expect(Date.now() - startedAt).toBeLessThan(30_000);
      expect(await names()).not.toContain("sparse");
      await box.run(rw(), "rm -rf sparse p deep");
    });
  });

  test("with Skerry out of reach a command is refused; what changed meanwhile is kept and comes later", async () => {
    const started = await box.begin(rw(), "sleep 1; echo kept > kept.txt");
    mirror.connect(async () => {
      throw Object.assign(new Error("no line"), { code: "ECONNREFUSED" });
    });
    const ended = await started.ended;
    expect(ended.exitCode).toBe(0);
    expect(started.output()).toContain("goes there with the next command");
    expect(await refusal(box.run(rw(), "true"))).toMatchObject({ message: expect.stringContaining("no line") });
    mirror.connect(door);
    await box.run(rw(), "true");
    expect(await read("kept.txt")).toBe("kept\n");
  });

  test("when the disk has no room for the agent's files, the command is refused and nothing is lost", async () => {
    await write("roomy.txt", "x".repeat(200_000));
    const { bavail, bsize } = statfsSync(dir);
    const full = openMirror({ dir: join(dir, "sandbox/files"), minFreeBytes: bavail * bsize + 1e9, log: () => undefined });
    full.connect(door);
    const narrow = openTestSandbox(engine, { stateDir: dir, folders: full, minFreeBytes: MIN_FREE_BYTES });
    expect(await refusal(narrow.run(rw(), "true"))).toMatchObject({
      code: "DISK_FULL",
      message: expect.stringContaining("MB left"),
    });
    expect((await box.run(rw(), "wc -c < roomy.txt")).output).toBe("200000\n");
  });

  test("when the bridge ends, what a running command had changed is brought back", async () => {
    const other = openTestSandbox(engine, { stateDir: dir, folders: mirror, minFreeBytes: MIN_FREE_BYTES });
    const running = await other.begin(rw("farewell"), "echo unfinished > farewell.txt; sleep 60");
    await expect.poll(() => existsSync(join(folder(), "farewell.txt"))).toBe(true);
    const startedAt = Date.now();
    await other.close();
    await running.ended;
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    expect(await read("farewell.txt")).toBe("unfinished\n");
  });

  test("a machine that was removed is refused at once", async () => {
    await operator.client.request("device.pair.remove", { deviceId: bridge.deviceId });
    expect(await refusal(box.run(rw(), "true"))).toMatchObject({ code: "UNAVAILABLE" });
  });
});

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  return work.then(
    () => ({ code: "none", message: "" }),
    (error) => error,
  );
}

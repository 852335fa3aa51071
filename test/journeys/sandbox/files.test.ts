// Files of a sandbox, both ways of working on them: on the folder of this machine, and by commands in the container. What lives
// in the container swaps links under the bridge's hands; nothing outside is read or written all the same.
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerName } from "../../../src/bridge/sandbox/container-plan.ts";
import { DEFAULT_IMAGE } from "../../../src/bridge/sandbox/image.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../../support/engine.ts";
import { openTestSandbox, type TestSandbox } from "../../support/sandbox.ts";

const reason = skipReason();

const refusal = (work: Promise<unknown>) =>
  work.then(
    (value) => ({ code: "none", message: "", value }),
    (error) => error,
  );
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

describe.skipIf(reason !== undefined)("files of the sandbox", () => {
  let engine: TestEngine;
  let outside: string;

  beforeAll(async () => {
    const archive = imageArchive();
    engine = await startEngine();
    await engine.importImage(DEFAULT_IMAGE, archive);
    outside = mkdtempSync(join(tmpdir(), "skerry-outside-"));
    writeFileSync(join(outside, "secret"), "host-secret");
  }, 600_000);

  afterAll(async () => {
    rmSync(outside, { recursive: true, force: true });
    await engine?.stop();
  }, 60_000);

  describe.each([
    { way: "on the folder", isFilesInside: false, root: "/workspace" },
    { way: "by commands, in /workspace", isFilesInside: true, root: "/workspace" },
    { way: "by commands, in /tmp", isFilesInside: false, root: "/tmp" },
  ])("$way", ({ isFilesInside, root }) => {
    let box: TestSandbox;
    const place = () => box.place("files");
    const files = () => box.host.files;

    beforeAll(() => {
      box = openTestSandbox(engine, { isFilesInside });
    });
    afterAll(() => box.leave());

    test("what is written is read, by the bridge and by the container, with folders on the way", async () => {
      const odd = `${root}/a b/'c"/$(d)/-e\n`;
      const written = await files().write(place(), odd, Buffer.from("one\n"));
      expect(written).toMatchObject({ size: 4, isNew: true });
      const ran = await box.run(place(), 'cat "$ODD"; echo two >> "$ODD"', { env: { ODD: odd } });
      expect(ran).toEqual({ exitCode: 0, output: "one\n" });
      expect(await files().read(place(), odd, 2, 4)).toMatchObject({ size: 8 });
      expect(text((await files().read(place(), odd, 2, 4)).bytes)).toBe("e\ntw");
      expect((await files().read(place(), odd, 99, 4)).bytes.length).toBe(0);
    });

    test("bytes stay bytes, and a file stays a program", async () => {
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * 7) % 256));
      await files().write(place(), `${root}/bytes`, bytes);
      expect(Buffer.compare(Buffer.from((await files().read(place(), `${root}/bytes`, 0, 100_000)).bytes), bytes)).toBe(0);
      const path = `${root}/tool`;
      await box.run(place(), `printf '#!/bin/sh\\necho old\\n' > ${path}; chmod 755 ${path}`);
      if (!isFilesInside && root === "/workspace") {
        await files().write(place(), path, Buffer.from("#!/bin/sh\necho new\n"));
        expect((await box.run(place(), path)).output).toBe("new\n");
      }
    });

    test("a file that changed since it was read is not written over", async () => {
      const path = `${root}/changed`;
      const { modifiedAt } = await files().write(place(), path, Buffer.from("mine"));
      await box.run(place(), `echo theirs > ${path}; touch -d '2001-01-01' ${path}`);
      expect(await refusal(files().write(place(), path, Buffer.from("again"), modifiedAt))).toMatchObject({ code: "CONFLICT" });
      const now = await files().read(place(), path, 0, 100);
      expect(text(now.bytes)).toBe("theirs\n");
      expect(await files().write(place(), path, Buffer.from("again"), now.modifiedAt)).toMatchObject({ isNew: false, size: 5 });
    });

    test("a list names what is there, links as links, and says when it is cut", async () => {
      await box.run(
        place(),
        `mkdir -p ${root}/l/deep; cd ${root}/l; echo 1 > one; echo 22 > deep/two; ln -s one link; mkfifo pipe`,
      );
      const flat = await files().list(place(), `${root}/l`, false, 100);
      expect(flat.entries.map(({ path, kind }) => `${path.slice(root.length)} ${kind}`)).toEqual([
        "/l/deep folder",
        "/l/link link",
        "/l/one file",
        "/l/pipe other",
      ]);
      const deep = await files().list(place(), `${root}/l`, true, 100);
      expect(deep.entries.find(({ path }) => path.endsWith("two"))).toMatchObject({
        path: `${root}/l/deep/two`,
        size: 3,
        kind: "file",
      });
      expect(await files().list(place(), `${root}/l`, true, 2)).toMatchObject({ isCut: true, entries: [{}, {}] });
      expect(await refusal(files().list(place(), `${root}/none`, false, 9))).toMatchObject({ code: "NOT_FOUND" });
    });

    test("a file goes out whole and comes in whole", async () => {
      const out = join(box.stateDir, "out");
      await box.run(place(), `head -c 3000000 /dev/urandom > ${root}/big; : > ${root}/empty`);
      expect(await files().copyOut(place(), `${root}/big`, out)).toEqual({ size: 3_000_000, name: "big" });
      expect(statSync(out).size).toBe(3_000_000);
      expect(await files().copyIn(place(), out, `${root}/in/back`)).toMatchObject({ size: 3_000_000, isNew: true });
      expect((await box.run(place(), `cmp ${root}/big ${root}/in/back && echo same`)).output).toBe("same\n");
      expect(await files().copyOut(place(), `${root}/empty`, out)).toEqual({ size: 0, name: "empty" });
      expect(statSync(out).size).toBe(0);
      await box.run(place(), `truncate -s 30M ${root}/huge`);
      expect(await refusal(files().copyOut(place(), `${root}/huge`, out))).toMatchObject({ code: "TOO_LARGE" });
    });

    test("a link inside is followed; one that leads out is not, however it is written", async () => {
      await box.run(
        place(),
        `cd ${root}; echo here > real; mkdir -p dir; ln -sfn real l1; ln -sfn ${root}/real l2; ln -sfn ../real dir/l3; ln -sfn dir d1`,
      );
      for (const path of ["l1", "l2", "dir/l3", "d1/../l1", "d1/l3"]) {
        expect(text((await files().read(place(), `${root}/${path}`, 0, 100)).bytes), path).toBe("here\n");
      }
      const passwd = "etc/passwd";
      await box.run(
        place(),
        `cd ${root}; ln -sfn /${passwd} o1; ln -sfn / o2; ln -sfn ../../../../${passwd} o3; ln -sfn /proc/self/environ o4; ln -sfn ${outside} o5; ln -sfn o1 o6; ln -sfn /proc/1/root/${passwd} o7; ln -sfn ${root}/../${passwd} o8; ln -sfn loop loop; ln -sfn ${root}x o9`,
      );
      for (const path of ["o1", `o2/${passwd}`, "o3", "o4", "o5/secret", "o6", "o7", "o8", "o9", "loop", "loop/x"]) {
        const read = await refusal(files().read(place(), `${root}/${path}`, 0, 1000));
        expect({ path, code: read.code, isThere: "value" in read }).toMatchObject({
          code: expect.stringMatching(/^(FORBIDDEN|INVALID_REQUEST|NOT_FOUND)$/),
          isThere: false,
        });
        const write = await refusal(files().write(place(), `${root}/${path}`, Buffer.from("x")));
        if (!isFilesInside && root === "/workspace")
          expect({ path, isThere: "value" in write }).toEqual({ path, isThere: false });
        if (path.includes("/")) {
          const list = await refusal(files().list(place(), `${root}/${path.split("/")[0]}`, true, 10));
          expect({ path, isThere: "value" in list }).toEqual({ path, isThere: false });
        }
      }
      expect(readdirSync(outside)).toEqual(["secret"]);
    });

    test("what is no plain file is refused at once", async () => {
      await box.run(
        place(),
        `cd ${root}; mkfifo fifo; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('sock')"; mkdir -p folder`,
      );
      for (const path of ["fifo", "sock", "folder"]) {
        const startedAt = Date.now();
        expect(await refusal(files().read(place(), `${root}/${path}`, 0, 10))).toMatchObject({
          code: expect.stringMatching(/FORBIDDEN|INVALID_REQUEST/),
        });
        expect(await refusal(files().write(place(), `${root}/${path}`, Buffer.from("x")))).toMatchObject({
          code: "INVALID_REQUEST",
        });
        expect(Date.now() - startedAt).toBeLessThan(10_000);
      }
    });

    test("a full disk is told", async () => {
      if (root !== "/tmp") return;
      await box.run(place(), "dd if=/dev/zero of=/tmp/fill bs=1M count=900 2>/dev/null");
      expect(await refusal(files().write(place(), "/tmp/more", Buffer.alloc(500_000)))).toMatchObject({ code: "DISK_FULL" });
      expect((await box.run(place(), "rm /tmp/fill; ls /tmp | grep more")).output).toBe("");
    });
  });

  test("paths are read as the sandbox's, and none outside is taken", async () => {
    const box = openTestSandbox(engine);
    try {
      const { files } = box.host;
      const place = box.place("paths");
      for (const path of ["x", "./x", "~/x", "/workspace/x", "a/../x", "/tmp/../workspace/x"]) {
        await files.write(place, path, Buffer.from(path));
        expect(text((await files.read(place, "/workspace/x", 0, 100)).bytes)).toBe(path);
      }
      for (const path of [
        "/etc/passwd",
        "../x",
        "/workspace/../etc/passwd",
        "/proc/self/environ",
        "/workspacex/y",
        "/",
        "/tmpx",
        "~root/x/../../../etc",
        "/dev/null",
      ]) {
        expect({ path, ...(await refusal(files.read(place, path, 0, 10))) }).toMatchObject({ path, code: "FORBIDDEN" });
        expect({ path, ...(await refusal(files.write(place, path, Buffer.from("x")))) }).toMatchObject({
          path,
          code: "FORBIDDEN",
        });
      }
      expect(await refusal(files.read(place, "/workspace/a\0b", 0, 10))).toMatchObject({ code: "INVALID_REQUEST" });
      expect(await refusal(files.write(place, "/workspace", Buffer.from("x")))).toMatchObject({ code: "INVALID_REQUEST" });
    } finally {
      await box.leave();
    }
  });

  test("the folder on this machine is closed to everybody else, and its files belong to whom the container runs as", async () => {
    const box = openTestSandbox(engine);
    try {
      const place = box.place("modes");
      await box.host.files.write(place, "from/bridge", Buffer.from("x"));
      expect((await box.run(place, "echo more >> from/bridge && touch from/container && cat from/bridge")).output).toBe(
        "xmore\n",
      );
      const state = join(
        box.stateDir,
        "sandbox",
        containerName(readFileSync(join(box.stateDir, "sandbox/installation"), "utf8"), place),
      );
      expect(statSync(state).mode & 0o777).toBe(0o700);
      expect(statSync(join(state, "workspace")).mode & 0o777).toBe(0o700);
    } finally {
      await box.leave();
    }
  });

  test("a hard link to a file of this machine cannot be made, not even one on the same disk", async () => {
    const box = openTestSandbox(engine);
    try {
      const place = box.place("hard", { workspace: "rw" });
      const beside = join(box.stateDir, "beside");
      writeFileSync(beside, "host-secret");
      // On the machine itself it can: same disk.
      linkSync(beside, join(box.filesDir, "proof"));
      const { output } = await box.run(
        place,
        `ln /etc/passwd /workspace/p 2>&1 | grep -oE 'cross-device|not permitted'; ln ${beside} /workspace/b 2>/dev/null || echo none; ls`,
      );
      expect(output.toLowerCase()).toBe("cross-device\nnone\nproof\n");
    } finally {
      await box.leave();
    }
  });

  test("while links are swapped under its hands, the bridge reads and writes nothing outside", async () => {
    const box = openTestSandbox(engine);
    try {
      const place = box.place("race");
      await box.run(place, "mkdir -p real d; echo decoy > real/secret; echo decoy > f");
      // A folder that is now itself and now a link out of the mount; a file that is now itself and now such a link.
      const program = [
        "import os",
        "os.chdir('/workspace')",
        `os.symlink('${outside}', 'lead'); os.symlink('${outside}/secret', 'leadf')`,
        "import ctypes",
        "libc = ctypes.CDLL(None)",
        "swap = lambda a, b: libc.syscall(316, -100, a, -100, b, 2)",
        "while True: swap(b'real', b'lead'); swap(b'f', b'leadf')",
      ].join("\n");
      const swapper = await box.begin(place, 'exec python3 -c "$PROGRAM"', { env: { PROGRAM: program } });
      const folder = join(
        box.stateDir,
        "sandbox",
        containerName(readFileSync(join(box.stateDir, "sandbox/installation"), "utf8"), place),
        "workspace",
      );
      await expect.poll(() => existsSync(join(folder, "leadf"))).toBe(true);
      let naive = 0;
      let told = 0;
      let refused = 0;
      const until = Date.now() + 6_000;
      for (let round = 0; Date.now() < until; round++) {
        for (const path of ["real/secret", "f"]) {
          // What a program that looks first and opens then would get.
          if ((await readFile(join(folder, path), "utf8").catch(() => "")).includes("host")) naive += 1;
          const read = await refusal(box.host.files.read(place, path, 0, 100));
          if ("value" in read) {
            expect(text(read.value.bytes)).toBe("decoy\n");
            told += 1;
          } else refused += 1;
        }
        await refusal(box.host.files.write(place, `real/written-${round % 5}`, Buffer.from("bridge")));
        await refusal(box.host.files.write(place, `real/made-${round % 5}/deep`, Buffer.from("bridge")));
        const list = await refusal(box.host.files.list(place, ".", true, 1000));
        if ("value" in list) expect(JSON.stringify(list.value)).not.toContain(`${outside}/`);
      }
      await swapper.kill("KILL");
      // The race is real, and both sides of it were met.
      expect(naive).toBeGreaterThan(0);
      expect(told).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
      expect(readdirSync(outside)).toEqual(["secret"]);
      expect(readFileSync(join(outside, "secret"), "utf8")).toBe("host-secret");
    } finally {
      await box.leave();
    }
  });

  test("a workspace whose folder itself was put as a link is not taken for one", async () => {
    const box = openTestSandbox(engine);
    try {
      const place = box.place("linked");
      await box.host.files.write(place, "x", Buffer.from("x"));
      const state = join(
        box.stateDir,
        "sandbox",
        containerName(readFileSync(join(box.stateDir, "sandbox/installation"), "utf8"), place),
      );
      rmSync(join(state, "workspace"), { recursive: true });
      mkdirSync(join(state, "elsewhere"));
      symlinkSync(join(state, "elsewhere"), join(state, "workspace"));
      const written = await refusal(box.host.files.write(place, "y", Buffer.from("y")));
      // Only the owner of this machine could do that: it is their folder then, and nothing beside it.
      expect("value" in written ? readdirSync(join(state, "elsewhere")) : []).toEqual("value" in written ? ["y"] : []);
    } finally {
      await box.leave();
    }
  });
});

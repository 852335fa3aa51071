// What is not to be lost when the folder of a sandbox is taken away, closed, or cannot be sent: the agent's files stay, and the
// next command runs.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PlaceFiles } from "../../../src/bridge/places/place.ts";
import type { SandboxPlace } from "../../../src/bridge/sandbox/container-plan.ts";
import { mirrorFiles } from "../../../src/bridge/sandbox/mirror/mirrored-files.ts";
import { cutOff } from "../../support/agent-files.ts";
import { filesPlace, openHouse, type TestHouse } from "../../support/mirrored-folder.ts";

describe.skipIf(process.platform !== "linux")("the folder of an agent's files", () => {
  let house: TestHouse;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => rmSync(house.dir, { recursive: true, force: true }));

  describe("removed by hand, what is noted beside it left", () => {
    /** As some file systems do, the new folder gets the number of the old one. */
    const asBefore = (number: number) => {
      const path = join(house.dir, "main.rw.json");
      const state = JSON.parse(readFileSync(path, "utf8"));
      const [dev] = state.folder.split("-");
      writeFileSync(path, JSON.stringify({ ...state, folder: `${dev}-${number}` }));
    };
    const someFiles = async () => {
      for (const path of ["a.md", "notes/b.md", "notes/c.md"]) await house.files.workspace.writeText(path, `text of ${path}`);
      await house.run();
    };

    test("brings the agent's files again and takes none for removed", async () => {
      await someFiles();
      rmSync(house.at(""), { recursive: true });
      const before = await house.files.texts();
      house.restart();
      await house.run();
      expect(await house.files.texts()).toEqual(before);
      expect(house.texts()).toEqual(before);
    });

    test("and made again by hand, too", async () => {
      await someFiles();
      rmSync(house.at(""), { recursive: true });
      mkdirSync(house.at(""), { mode: 0o700 });
      asBefore(statSync(house.at("")).ino);
      const before = await house.files.texts();
      house.restart();
      await house.run();
      expect(await house.files.texts()).toEqual(before);
      expect(house.texts()).toEqual(before);
    });
  });

  describe("with a file that cannot be sent", () => {
    const MIB = 1024 * 1024;
    const cutLarge = () => {
      house.files.before = (what) => (/^PUT \/file\?path=video/.test(what) ? cutOff() : undefined);
    };
    const tries = () => house.files.asked.filter((what) => what.startsWith("PUT /file?path=video")).length;

    test("lets the next command begin, brings it what is new, and says what is still here", async () => {
      cutLarge();
      const first = await house.run(() => {
        house.put("video.mp4", "v".repeat(5 * MIB));
        house.put("notes.md", "small ones go");
      });
      expect(first.join()).toContain("could not be reached");
      house.restart();
      await house.files.workspace.writeText("new.md", "from the agent");
      const said = await house.run(() => expect(readFileSync(house.at("new.md"), "utf8")).toBe("from the agent"));
      expect(said.join()).toContain("not among the agent's files yet");
      expect(await house.files.texts()).toMatchObject({ "notes.md": "small ones go" });
      house.files.before = () => undefined;
      house.restart();
      await house.run();
      expect((await house.files.texts())["video.mp4"]).toHaveLength(5 * MIB);
    });

    test("does not make every command wait for another try", async () => {
      cutLarge();
      await house.run(() => house.put("video.mp4", "v".repeat(5 * MIB)));
      expect(tries()).toBe(1);
      const said = await house.run();
      expect(said.join()).toContain("video.mp4 could not be sent a moment ago");
      expect(tries()).toBe(1);
    });

    test("smaller ones go before it", async () => {
      cutLarge();
      await house.run(() => {
        house.put("video.mp4", "v".repeat(6 * MIB));
        house.put("zebra.bin", "z".repeat(5 * MIB));
      });
      expect(Object.keys(await house.files.texts())).toContain("zebra.bin");
    });

    test("also beside a file that both sides changed", async () => {
      await house.files.workspace.writeText("doc.md", "base");
      await house.run();
      house.put("doc.md", "sandbox");
      await house.files.workspace.writeText("doc.md", "agent");
      house.files.before = (what) => (what.startsWith("PUT") ? cutOff() : undefined);
      const said = await house.run(() => expect(readFileSync(house.at("doc.md"), "utf8")).toBe("agent"));
      expect(said.join()).toContain("the sandbox's version is doc (from the sandbox");
      house.files.before = () => undefined;
      await house.run();
      expect(Object.values(await house.files.texts())).toEqual(expect.arrayContaining(["agent", "sandbox"]));
      expect(house.texts()).toEqual(await house.files.texts());
    });
  });

  describe("written to by the bridge", () => {
    const logged: string[] = [];
    const write = (path: string, text = "x") => {
      const files = {
        write: async (_place: SandboxPlace, given: string) => {
          house.put(given.replace("/workspace/", ""), text);
          return { size: text.length, modifiedAt: 0, isNew: true };
        },
      } as Partial<PlaceFiles<SandboxPlace>> as PlaceFiles<SandboxPlace>;
      const written = mirrorFiles(files, house.mirror, (line) => logged.push(line)).write(filesPlace(), path, Buffer.from(text));
      return written.then(
        () => "done",
        (error: Error) => error.message,
      );
    };

    test("says that nothing passes any more, though it names no file", async () => {
      await house.run();
      mkdirSync(house.at("many"));
      for (let at = 0; at < 5_001; at++) writeFileSync(house.at(`many/${at}`), "x");
      expect(await write("/workspace/report.md")).toContain("new files");
      expect((await house.files.texts())["report.md"]).toBeUndefined();
      // What was known passes all the same.
      expect(await write("/workspace/USER.md", "new")).toBe("done");
      expect((await house.files.texts())["USER.md"]).toBe("new");
    });

    test("takes no word about another file for one about its own", async () => {
      await house.run();
      house.put("back\\slash", "x");
      expect(await write("/workspace/a")).toBe("done");
      expect(logged.join()).toContain("back\\slash");
      expect((await house.files.texts())["a"]).toBe("x");
    });

    test("says every time that a name cannot pass, also when that was said", async () => {
      for (const text of ["one", "two"]) expect(await write("/workspace/e\u0301.md", text)).toContain("Only in the sandbox");
    });
  });
});

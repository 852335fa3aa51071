// What is not to be lost when the folder of a sandbox is taken away, closed, or cannot be sent: the agent's files stay, and the
// next command runs.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openHouse, type TestHouse } from "../../support/mirrored-folder.ts";

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
});

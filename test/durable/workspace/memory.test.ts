// What memory_search finds: always in step with the files, best first, and nothing a query says can break it.
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { cutPassages, listWords } from "../../../src/durable/workspace/memory/passages.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
let workspace: TestWorkspace;

beforeEach(() => {
  workspace = openTestWorkspace({ now: () => NOW });
});

const pathsOf = async (query: string, limit = 6) => (await workspace.memorySearch(query, limit)).map((hit) => hit.path);

test("finds what was written, with path, first line and text", async () => {
  await workspace.writeText("memory/people.md", "# People\n\nMira is allergic to walnuts.\nTom likes tea.\n");
  expect(await workspace.memorySearch("allergic walnuts", 3)).toEqual([
    {
      path: "memory/people.md",
      line: 1,
      text: "# People\n\nMira is allergic to walnuts.\nTom likes tea.\n",
      score: expect.any(Number),
    },
  ]);
});

test("looks in MEMORY.md, USER.md and memory/**/*.md, and nowhere else", async () => {
  for (const path of ["MEMORY.md", "USER.md", "memory/a.md", "memory/b/c.md", "notes/memory.md", "memory/d.txt", "SOUL.md"]) {
    await workspace.writeText(path, "The zeppelin leaves at noon.");
  }
  expect((await pathsOf("zeppelin", 20)).sort()).toEqual(["MEMORY.md", "USER.md", "memory/a.md", "memory/b/c.md"]);
});

test("a changed, moved or removed note is found by what it says now", async () => {
  await workspace.writeText("memory/a.md", "The password of the gate is walrus.");
  await workspace.writeText("memory/a.md", "The gate is open.");
  expect(await pathsOf("walrus")).toEqual([]);
  expect(await pathsOf("gate")).toEqual(["memory/a.md"]);
  await workspace.apply([
    { type: "write", path: "memory/b.md", bytes: new TextEncoder().encode("The gate is open.") },
    { type: "remove", path: "memory/a.md" },
  ]);
  expect(await pathsOf("gate")).toEqual(["memory/b.md"]);
  await workspace.remove("memory");
  expect(await pathsOf("gate")).toEqual([]);
  expect(workspace.sql.all("SELECT id FROM memory_passages WHERE path LIKE 'memory/%'")).toEqual([]);
});

test("a change that is refused leaves the index as it was", async () => {
  await workspace.writeText("memory/a.md", "The gate is open.");
  await workspace.apply([
    { type: "write", path: "memory/a.md", bytes: new TextEncoder().encode("The walrus is here.") },
    { type: "mkdir", path: "SOUL.md/x" },
  ]);
  expect(await pathsOf("walrus")).toEqual([]);
  expect(await pathsOf("gate")).toEqual(["memory/a.md"]);
});

test("the note that holds more of the words comes first; scores fall and stay between 0 and 1", async () => {
  await workspace.writeText("memory/a.md", "Dentist appointments are a nuisance.");
  await workspace.writeText("memory/b.md", "The dentist is Dr Okafor in Harbour Street.");
  await workspace.writeText("memory/c.md", "Harbour festival in June.");
  const hits = await workspace.memorySearch("dentist Harbour Street", 6);
  expect(hits[0]?.path).toBe("memory/b.md");
  const scores = hits.map((hit) => hit.score);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  expect(scores.every((score) => score > 0 && score <= 1)).toBe(true);
});

test("of two dated notes that fit alike the newer comes first, and an old one is still found", async () => {
  await workspace.writeText("memory/2024-01-05.md", "Bought a bicycle.");
  await workspace.writeText("memory/2026-11-20.md", "Bought a bicycle.");
  await workspace.writeText("memory/2026-10-01.md", "Bought a bicycle.");
  const hits = await workspace.memorySearch("bicycle", 6);
  expect(hits.map((hit) => hit.path)).toEqual(["memory/2026-11-20.md", "memory/2026-10-01.md", "memory/2024-01-05.md"]);
  expect(hits[2]?.score).toBeGreaterThan(0.4);
});

test("endings, accents, case and scripts without spaces do not hide a note", async () => {
  await workspace.writeText("memory/de.md", "Die Rechnungen liegen im Büro.");
  await workspace.writeText("memory/en.md", "She was planning the garden.");
  await workspace.writeText("memory/ja.md", "来週東京へ出張します。");
  expect(await pathsOf("Rechnung")).toEqual(["memory/de.md"]);
  expect(await pathsOf("BURO")).toEqual(["memory/de.md"]);
  expect(await pathsOf("plans gardens")).toEqual(["memory/en.md"]);
  expect(await pathsOf("東京")).toEqual(["memory/ja.md"]);
});

test("a day is found by its date", async () => {
  await workspace.writeText("memory/2026-03-14.md", "Baked a pie.");
  await workspace.writeText("memory/2026-03-15.md", "Ate the pie.");
  expect((await pathsOf("2026-03-14"))[0]).toBe("memory/2026-03-14.md");
});

test("of a long note only the lines around the best match are shown", async () => {
  const filler = Array.from({ length: 40 }, (_, index) => `Line ${index + 1} speaks of nothing in particular today.`);
  filler[25] = "The spare key hangs behind the blue shed.";
  await workspace.writeText("memory/long.md", filler.join("\n"));
  const [hit] = await workspace.memorySearch("spare key", 1);
  expect(hit?.text).toContain("behind the blue shed");
  expect(hit?.text.length).toBeLessThanOrEqual(700);
  expect(filler[(hit?.line ?? 0) - 1]).toBe(hit?.text.split("\n")[0]);
});

test("nothing asked or nothing known answers nothing", async () => {
  for (const query of ["", "   ", "?!", "quetzalcoatl"]) expect(await pathsOf(query)).toEqual([]);
});

test("the limit is kept", async () => {
  for (let day = 1; day <= 30; day++) await workspace.writeText(`memory/n${day}.md`, "The same zeppelin.");
  expect(await pathsOf("zeppelin", 5)).toHaveLength(5);
  expect(await pathsOf("zeppelin", 0)).toHaveLength(1);
  expect((await pathsOf("zeppelin", 1e9)).length).toBeLessThanOrEqual(50);
});

test("no query can break out of its quotes: search syntax, quotes, control characters and any Unicode are only words", async () => {
  await workspace.writeText("memory/a.md", "The gate is open AND the NEAR field NOT closed OR so.");
  const piece = fc.oneof(
    fc.constantFrom(
      '"',
      "'",
      "*",
      "^",
      "AND",
      "OR",
      "NOT",
      "NEAR(",
      ")",
      "title:",
      "text :",
      "{a b}:",
      "-",
      "+",
      ";",
      "--",
      "\0",
      "gate",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.integer({ min: -5, max: 100 }), async (pieces, limit) => {
      for (const hit of await workspace.memorySearch(pieces.join(" "), limit)) {
        expect(hit.score).toBeGreaterThanOrEqual(0);
        expect(hit.score).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 500 },
  );
});

test("any word of a note finds it", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(text, async (note) => {
      await workspace.writeText("memory/any.md", note);
      for (const word of listWords(note).slice(0, 5)) {
        const exact = /^[a-z0-9]+$/.test(word);
        if (exact) expect(await pathsOf(word, 20)).toContain("memory/any.md");
        else await pathsOf(word, 20);
      }
    }),
    { numRuns: 150 },
  );
});

test("passages cover every line of a note, in order, none too long", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.string({ unit: "binary", minLength: 1500, maxLength: 4000 }),
    fc.constant(""),
  );
  fc.assert(
    fc.property(
      fc.array(
        line.map((text) => text.replace(/[\r\n]/g, " ")),
        { maxLength: 60 },
      ),
      (lines) => {
        const passages = cutPassages(lines.join("\n"));
        for (const passage of passages) expect(passage.text.length).toBeLessThanOrEqual(1700);
        const covered = new Set<number>();
        for (const { line, lastLine } of passages) for (let at = line; at <= lastLine; at++) covered.add(at);
        for (const [index, text] of lines.entries()) if (text.trim() !== "") expect(covered.has(index + 1)).toBe(true);
        expect(passages.map((passage) => passage.line)).toEqual(passages.map((passage) => passage.line).sort((a, b) => a - b));
      },
    ),
    { numRuns: 200 },
  );
});

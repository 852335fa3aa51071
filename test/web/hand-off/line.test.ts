// What a person does on the page of a handed tab arrives: all of it, in its order, before Done, and also where Skerry says that it is
// asked too often. The other side is scripted and takes its time.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type HandEvent, handEvents } from "../../../src/contract/home/hand-off.ts";
import { textEvents } from "../../../src/web/hand-off/keyboard.ts";
import { HandOffLine } from "../../../src/web/hand-off/line.ts";

const WAY_MS = 30;
const LARGEST = 64 * 1024;

interface Other {
  /** What came, in its order; "DONE" among it. */
  came: (HandEvent | "DONE")[];
  bodies: string[];
  says: string[];
  ended: string[];
  line: HandOffLine;
  key(...keys: string[]): void;
}
let answer: (path: string, count: number) => number | "no way";
const lines: HandOffLine[] = [];

function open(): Other {
  const other = { came: [], bodies: [], says: [], ended: [] } as unknown as Other;
  let count = 0;
  let isOver = false;
  vi.stubGlobal("fetch", async (url: string, { method = "GET", body = "" } = {} as { method?: string; body?: string }) => {
    await new Promise((resolve) => setTimeout(resolve, WAY_MS));
    const path = url.split("/").at(-1)?.split("?")[0] ?? "";
    const status = isOver ? 410 : answer(path, method === "POST" ? ++count : count);
    if (status === "no way") throw new TypeError("no way");
    if (status === 200 && path === "done") {
      isOver = true;
      other.came.push("DONE");
    }
    if (status === 200 && path === "input") {
      other.bodies.push(body);
      other.came.push(...handEvents.parse(JSON.parse(body)));
    }
    await new Promise((resolve) => setTimeout(resolve, WAY_MS));
    const said = path === "frame" ? { hash: String(Math.random()), url: "x", wish: "", leftMs: 1 } : { ok: true };
    return new Response(JSON.stringify(status === 200 ? said : { error: { message: `refused with ${status}` } }), { status });
  });
  other.line = new HandOffLine("/browser/x", {
    show: () => undefined,
    say: (text) => void other.says.push(text),
    end: (text) => void other.ended.push(text),
  });
  other.key = (...keys) => {
    for (const key of keys) other.line.do({ kind: "key", key });
  };
  lines.push(other.line);
  return other;
}

const keysOf = ({ came }: Other) => came.map((one) => (one === "DONE" ? one : one.kind === "key" ? one.key : one.kind)).join("");
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(() => {
  answer = () => 200;
  vi.stubGlobal("document", { hidden: false, addEventListener: () => undefined, removeEventListener: () => undefined });
});
afterEach(async () => {
  answer = () => 200;
  for (const line of lines.splice(0)) await line.done();
  await pause(50);
  vi.unstubAllGlobals();
});

describe("Done", () => {
  it("comes after everything that was typed before it", async () => {
    const other = open();
    for (const key of "password") {
      other.key(key);
      await pause(15);
    }
    other.key("!");
    expect(await other.line.done()).toBe(true);
    expect(keysOf(other)).toBe("password!DONE");
  });

  it("is not said when what was typed did not arrive, and is when it is pressed again", async () => {
    const other = open();
    answer = (path) => (path === "input" ? "no way" : 200);
    other.key("a");
    expect(await other.line.done()).toBe(false);
    expect(other.says.at(-1)).toContain("did not arrive");
    expect(keysOf(other)).toBe("");
    answer = () => 200;
    other.key("b");
    expect(await other.line.done()).toBe(true);
    expect(keysOf(other)).toBe("bDONE");
  });

  it("waits a few seconds at most", async () => {
    const other = open();
    answer = (path) => (path === "input" ? 429 : 200);
    other.key("a");
    const startedAt = Date.now();
    expect(await other.line.done()).toBe(false);
    expect(Date.now() - startedAt).toBeLessThan(8000);
    expect(other.says.at(-1)).toContain("press Done again");
  }, 15_000);
});

describe("what is done", () => {
  it("is sent again when Skerry was asked too often, and nothing of it is lost or doubled", async () => {
    const other = open();
    answer = (_path, count) => (count === 1 || count === 3 ? 429 : 200);
    other.key("s", "e");
    other.line.do({ kind: "up", x: 0.5, y: 0.5 });
    await pause(250);
    other.key("c");
    await expect.poll(() => keysOf(other), { timeout: 10_000 }).toBe("seupc");
    expect(other.says.filter((text) => text !== "")).toEqual([]);
  }, 15_000);

  it("asks less often than Skerry hears, however fast the hand is", async () => {
    const other = open();
    vi.stubGlobal("fetch", async (_url: string, { body = "" } = {} as { body?: string }) => {
      other.bodies.push(body);
      await pause(8);
      return Response.json({ ok: true });
    });
    const startedAt = Date.now();
    for (let n = 0; Date.now() - startedAt < 1000; n++) {
      other.line.do({ kind: "move", x: (n % 100) / 100, y: 0.5 });
      await pause(5);
    }
    expect(other.bodies.length).toBeGreaterThan(5);
    expect(other.bodies.length).toBeLessThanOrEqual(22);
  });

  it.each([
    ["emoji", "😀".repeat(3000)],
    ["latin", "a".repeat(150_000)],
    ["kanji", "漢".repeat(60_000)],
    ["signs that are written long", "\u0001".repeat(30_000)],
  ])("may be a long paste: %s", async (_what, text) => {
    const other = open();
    for (const event of textEvents(text)) other.line.do(event);
    const together = () => other.came.map((one) => (one !== "DONE" && one.kind === "text" ? one.text : "")).join("");
    await expect.poll(() => together().length, { timeout: 10_000 }).toBe(text.length);
    expect(together()).toBe(text);
    for (const body of other.bodies) expect(Buffer.byteLength(body)).toBeLessThan(LARGEST);
  });

  it("is said to be lost until something arrives again, whatever is shown meanwhile", async () => {
    const other = open();
    answer = (path, count) => (path === "input" && count === 1 ? 502 : 200);
    void other.line.watch();
    other.key("a");
    await expect.poll(() => other.says.at(-1), { timeout: 5000 }).toContain("refused with 502");
    await pause(1000);
    expect(other.says.at(-1)).toContain("refused with 502");
    other.key("b");
    await expect.poll(() => other.says.at(-1), { timeout: 5000 }).toBe("");
  });
});

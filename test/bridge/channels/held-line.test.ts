// One account's line in its thread: what breaks in it breaks nothing else, and what is sent is sent once.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { HeldLine } from "../../../src/bridge/channels/held-line.ts";
import { ChannelStore } from "../../../src/bridge/channels/store.ts";
import { idOfItem, type LineState } from "../../../src/contract/channels/at-home.ts";
import type { ChannelSend } from "../../../src/contract/channels/home-acts.ts";

const THREAD = resolve(import.meta.dirname, "../../support/channel-thread.ts");
const open: HeldLine[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((line) => line.close()));
});

function hold(options: Record<string, unknown> = {}, store = new ChannelStore(":memory:"), mostHeapMb = 256) {
  const dir = mkdtempSync(join(tmpdir(), "line-"));
  const states: LineState[] = [];
  const said: string[] = [];
  const account = { channel: "whatsapp", account: "default", keys: {}, mediaMaxMb: 20, options };
  const line = new HeldLine({
    account,
    store,
    dir,
    threadPath: THREAD,
    openPackages: async () => undefined,
    mostHeapMb,
    onHeard: () => undefined,
    onState: (state) => states.push(state),
    log: (text) => said.push(text),
  });
  open.push(line);
  void line.start();
  const until = (phase: string) => vi.waitFor(() => expect(line.state.phase).toBe(phase), { timeout: 10_000 });
  return { line, store, states, said, until, own: join(dir, "whatsapp/default") };
}

function text(id: string, words: string): ChannelSend {
  return { id, to: { channel: "whatsapp", peer: "49" }, act: { type: "text", text: words } };
}

const none = async () => [];

describe("a line", () => {
  test("says that it is open and who it is", async () => {
    const { until, line } = hold();
    await until("open");
    expect(line.state).toMatchObject({ phase: "open", who: "+15550001", waiting: 0 });
  });

  test("keeps what comes in before the platform is told", async () => {
    const { until, line, store } = hold();
    await until("open");
    await line.send(text("1", "say:hello"), none);
    expect(store.next({ channel: "whatsapp", account: "default" }, 9).map(({ inbound }) => idOfItem(inbound))).toEqual([
      "t:hello",
    ]);
    expect(line.state.waiting).toBe(1);
  });

  test("sends the same id once, asked at once or later", async () => {
    const { until, line } = hold();
    await until("open");
    const [first, second] = await Promise.all([line.send(text("1", "hi"), none), line.send(text("1", "hi"), none)]);
    const third = await line.send(text("1", "hi"), none);
    // The driver's file is made once or it throws.
    expect([first, second, third]).toEqual(Array(3).fill({ outcome: "sent", platformId: "p-1" }));
  });

  test("tries again what nobody answered", async () => {
    const { until, line, own } = hold();
    await until("open");
    expect(await line.send(text("1", "later"), none)).toMatchObject({ outcome: "unanswered" });
    expect(await line.send({ ...text("1", "now") }, none)).toMatchObject({ outcome: "sent" });
    expect(existsSync(join(own, "sent-1"))).toBe(true);
  });

  test("brings files of an act, and refuses one that Skerry has no more", async () => {
    const { until, line } = hold();
    await until("open");
    const act = { type: "media" as const, media: [{ key: "media/x", type: "text/plain", size: 2, name: "a.txt" }] };
    const path = join(mkdtempSync(join(tmpdir(), "file-")), "0");
    writeFileSync(path, "hi");
    const files = async () => [{ path, type: "text/plain", name: "a.txt", size: 2 }];
    expect(await line.send({ ...text("1", ""), act }, files)).toEqual({ outcome: "sent", platformId: "a.txt:2" });
  });
});

describe("a thread that breaks", () => {
  test("leaves the program alone, says so, and is started anew; what was on its way is not known", async () => {
    const { until, line, said, states } = hold();
    await until("open");
    expect(await line.send(text("1", "break"), none)).toEqual({
      outcome: "unknown",
      reason: "the line broke off while it was being sent",
    });
    expect(said.join()).toContain("the library threw in a timer");
    expect(states.some(({ phase }) => phase === "down")).toBe(true);
    expect(await line.send(text("2", "hi"), none)).toMatchObject({ outcome: "unanswered" });
    await until("open");
    expect(await line.send(text("1", "break"), none)).toMatchObject({ outcome: "unknown" });
    expect(await line.send(text("3", "hi"), none)).toMatchObject({ outcome: "sent" });
  });

  test("by eating memory, too", async () => {
    const { until, line, said } = hold({}, new ChannelStore(":memory:"), 48);
    await until("open");
    expect(await line.send(text("1", "leak"), none)).toMatchObject({ outcome: "unknown" });
    expect(said.join()).toMatch(/memory/i);
    await until("open");
  }, 60_000);

  test("that a program before this one was sending by is not sent again", async () => {
    const store = new ChannelStore(":memory:");
    store.begin("1", Date.now());
    const { until, line } = hold({}, store);
    await until("open");
    expect(await line.send(text("1", "hi"), none)).toEqual({
      outcome: "unknown",
      reason: "the bridge ended while it was being sent",
    });
  });
});

describe("what only the owner can mend", () => {
  test("is said and not tried again", async () => {
    const { until, line, said } = hold({ refuse: true });
    await until("refused");
    expect(line.state.said).toBe("The password is wrong; give the right one.");
    expect(said.join()).not.toContain("tried again");
  });

  test("differs from what may mend itself, which is tried more slowly each time", async () => {
    const { line, said } = hold({ breaks: true });
    await vi.waitFor(() => expect(said.filter((one) => one.includes("no way to open it")).length).toBeGreaterThan(1), {
      timeout: 15_000,
    });
    expect(line.state.phase).not.toBe("refused");
  }, 20_000);
});

describe("whoever looks", () => {
  test("hears of the next change, or after a while that there was none", async () => {
    const { until, line } = hold();
    await until("open");
    const { signal } = new AbortController();
    expect((await line.look(line.state.since, 50, signal)).phase).toBe("open");
    const looking = line.look(line.state.since, 10_000, signal);
    await line.ask((thread) => thread.link({ isAnew: false, phone: "+4912345678" }));
    expect(await looking).toMatchObject({ phase: "linking", link: { kind: "code", text: "+4912345678" } });
  });

  test("of a file that is gone hears why", async () => {
    const { until, line } = hold();
    await until("open");
    const from = { channel: "whatsapp", peer: "49" };
    const fetched = line.ask((thread) => thread.fetchMedia({ handle: "gone", kind: "file" }, from, "/nowhere", 10));
    await expect(fetched).rejects.toMatchObject({ code: "NOT_FOUND", message: "The file is gone at the platform." });
  });
});

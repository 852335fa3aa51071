// What the channels of a machine keep: in order, once, and over a restart.
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ChannelStore, openStore } from "../../../src/bridge/channels/store.ts";
import { type HomeInbound, INBOUND_LIFE_MS, idOfItem } from "../../../src/contract/channels/at-home.ts";

const LINE = { channel: "whatsapp", account: "default" };
const path = () => join(mkdtempSync(join(tmpdir(), "channels-")), "channels.db");

function said(id: string): HomeInbound {
  const message = {
    id,
    from: { channel: "whatsapp", peer: "49" },
    sender: { id: "49" },
    parts: [{ type: "text" as const, text: id }],
    sentAt: 1,
  };
  return { kind: "message", message };
}

const waiting = (store: ChannelStore) => store.next(LINE, 100).map(({ inbound }) => idOfItem(inbound));

describe("what came in", () => {
  test("stays in its order, also over a restart, until it is taken", () => {
    const file = path();
    const first = new ChannelStore(file);
    first.put(LINE, [said("a"), said("b")], 1);
    first.put(LINE, [said("c")], 2);
    first.close();
    const second = new ChannelStore(file);
    expect(waiting(second)).toEqual(["a", "b", "c"]);
    second.take(second.next(LINE, 2).map(({ place }) => place));
    expect(waiting(second)).toEqual(["c"]);
    expect(second.waiting(LINE)).toEqual({ waiting: 1, waitingSince: 2 });
    second.take(second.next(LINE, 1).map(({ place }) => place));
    expect(second.waiting(LINE)).toEqual({ waiting: 0 });
  });

  test("is there once, whatever the platform repeats, and apart for each account", () => {
    const store = new ChannelStore(":memory:");
    store.put(LINE, [said("a"), said("a")], 1);
    store.put({ ...LINE, account: "work" }, [said("a")], 1);
    expect(waiting(store)).toEqual(["a"]);
    expect(store.waiting({ ...LINE, account: "work" }).waiting).toBe(1);
  });

  test("is dropped after two weeks and said to be", () => {
    const store = new ChannelStore(":memory:");
    store.put(LINE, [said("old")], 1);
    store.put(LINE, [said("new")], INBOUND_LIFE_MS);
    expect(store.dropOld(INBOUND_LIFE_MS + 2)).toBe(1);
    expect(waiting(store)).toEqual(["new"]);
  });
});

describe("what was sent", () => {
  test("is known with its outcome, also after a restart", () => {
    const file = path();
    const first = new ChannelStore(file);
    expect(first.begin("x", 1)).toEqual({ state: "new" });
    first.conclude("x", { outcome: "sent", platformId: "7" }, 2);
    first.begin("cut", 1);
    first.close();
    const second = new ChannelStore(file);
    expect(second.begin("x", 3)).toEqual({ state: "done", outcome: { outcome: "sent", platformId: "7" } });
    expect(second.begin("cut", 3)).toEqual({ state: "begun" });
  });

  test("begins anew when nobody answered", () => {
    const store = new ChannelStore(":memory:");
    store.begin("x", 1);
    store.conclude("x", { outcome: "unanswered", reason: "down" }, 2);
    expect(store.begin("x", 3)).toEqual({ state: "new" });
  });
});

test("its file is for its owner alone, and accounts with keys of another shape are left out", () => {
  const file = path();
  const store = new ChannelStore(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const account = { ...LINE, keys: { WHATSAPP_NUMBER: "+1" }, mediaMaxMb: 20, options: {} };
  store.keepAccounts([account]);
  expect(store.accounts()).toEqual([account]);
});

describe("a file that is broken", () => {
  test("is laid aside whole, is said, and stands in the way of nothing", () => {
    const file = path();
    writeFileSync(file, "this was a database once");
    const complaints: string[] = [];
    const store = openStore(file, (text) => complaints.push(text));
    store.put(LINE, [said("a")], 1);
    expect(waiting(store)).toEqual(["a"]);
    const aside = readdirSync(dirname(file)).find((name) => name.includes(".broken-")) ?? "";
    expect(readFileSync(join(dirname(file), aside), "utf8")).toBe("this was a database once");
    expect(complaints.join()).toContain(aside);
  });

  test("is not laid aside when it is only out of reach", () => {
    const file = join(path(), "nowhere", "channels.db");
    expect(() => openStore(file, () => undefined)).toThrow();
  });
});

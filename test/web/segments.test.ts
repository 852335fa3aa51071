// How the items of a session are grouped, and where an answer gets its foot.
import { describe, expect, it } from "vitest";
import type { MessageItem, ViewItem } from "../../src/client/view-items.ts";
import { groupItems } from "../../src/web/state/segments.ts";

function message(role: "user" | "assistant", key: string, more: Partial<MessageItem> = {}): MessageItem {
  return { kind: "message", key, role, text: key, media: [], at: 0, isStreaming: false, seq: 1, ...more };
}
const call = (key: string): ViewItem => ({ kind: "call", key, callId: key, name: "read", args: {}, state: "done" });
const thinking = (key: string): ViewItem => ({ kind: "thinking", key, text: key, isStreaming: false });

describe("groups", () => {
  it("joins thoughts and calls that follow each other, and keeps the group's key while it grows", () => {
    const items = [message("user", "u"), thinking("t"), call("a")];
    const before = groupItems(items, true);
    const after = groupItems([...items, call("b")], true);
    expect(before.map(({ kind }) => kind)).toEqual(["said", "work"]);
    expect(after.map(({ key }) => key)).toEqual(before.map(({ key }) => key));
    expect(after[1]).toMatchObject({ items: [{ key: "t" }, { key: "a" }, { key: "b" }] });
  });

  it("ends a turn with its last answer only", () => {
    const items = [
      message("user", "u1"),
      message("assistant", "a1"),
      call("c"),
      message("assistant", "a2"),
      message("user", "u2"),
    ];
    const answers = groupItems(items, true).filter((segment) => segment.kind === "answer");
    expect(answers.map(({ isLast }) => isLast)).toEqual([false, true]);
  });

  it("gives no foot to the answer of a turn under way, nor to one that is streaming", () => {
    const items = [message("user", "u"), message("assistant", "a")];
    expect(groupItems(items, true).at(-1)).toMatchObject({ isLast: false });
    expect(groupItems(items, false).at(-1)).toMatchObject({ isLast: true });
    expect(groupItems([message("assistant", "a", { isStreaming: true })], false).at(-1)).toMatchObject({ isLast: false });
  });

  it("does not take a message that waits for the end of the turn before it", () => {
    const waiting: MessageItem = {
      kind: "message",
      key: "w",
      role: "user",
      text: "w",
      media: [],
      at: 0,
      isStreaming: false,
      state: "queued",
    };
    const segments = groupItems([message("user", "u"), message("assistant", "a"), waiting], true);
    expect(segments.find((segment) => segment.kind === "answer")).toMatchObject({ isLast: false });
  });
});

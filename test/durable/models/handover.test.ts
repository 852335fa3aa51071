// A history written by one model, read by another.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INTERRUPTED_RESULT, type PreparedMessage, prepareMessages } from "../../../src/durable/models/handover.ts";
import type { ModelInfo, ModelMessage } from "../../../src/durable/models/port.ts";
import { modelOf, userSays } from "./rig.ts";

const OPUS = modelOf("anthropic/claude-opus-4-6");
const DEEPSEEK = modelOf("deepseek/deepseek-chat");

function assistant(text: string, callIds: string[] = [], model = OPUS.ref): ModelMessage {
  const calls = callIds.map((id) => ({ id, name: "read", args: {} }));
  return { role: "assistant", text, thinking: [{ text: "hm", signature: "s" }], calls, model };
}

function result(callId: string, text = "result", images: { mimeType: string; base64: string }[] = []): ModelMessage {
  return { role: "tool", callId, name: "read", text, isError: false, images };
}

const roles = (prepared: PreparedMessage[]) => prepared.map((message) => message.role);
const calls = (prepared: PreparedMessage[]) => prepared.flatMap((message) => (message.role === "assistant" ? message.calls : []));
const results = (prepared: PreparedMessage[]) =>
  prepared.flatMap((message) => (message.role === "results" ? message.results : []));

describe("prepareMessages", () => {
  it("keeps thinking for the model that thought it, and for no other", () => {
    const messages = [userSays("a"), assistant("b"), userSays("c")];
    expect(prepareMessages(messages, OPUS)[1]).toMatchObject({ thinking: [{ text: "hm", signature: "s" }] });
    expect(prepareMessages(messages, DEEPSEEK)[1]).toMatchObject({ thinking: [] });
  });

  it("gives ids a protocol refuses another form, the same for call and result, the same every time", () => {
    const messages = [
      userSays("a"),
      assistant("", ["call|with/odd:signs", "x".repeat(200)]),
      result("x".repeat(200)),
      result("call|with/odd:signs"),
      userSays("b"),
    ];
    const prepared = prepareMessages(messages, OPUS);
    const ids = calls(prepared).map((call) => call.id);
    expect(ids.every((id) => /^[a-zA-Z0-9_-]{1,40}$/.test(id))).toBe(true);
    expect(results(prepared).map((found) => found.callId)).toEqual(ids);
    expect(results(prepared).every((found) => found.text === "result")).toBe(true);
    expect(prepareMessages(messages, OPUS)).toEqual(prepared);
  });

  it("makes nine letters and digits where a provider wants just that", () => {
    const prepared = prepareMessages([userSays("a"), assistant("", ["toolu_01", "abcdef123"]), userSays("b")], OPUS, {
      hasShortCallIds: true,
    });
    const ids = calls(prepared).map((call) => call.id);
    expect(ids.every((id) => /^[a-zA-Z0-9]{9}$/.test(id))).toBe(true);
    expect(ids[1]).toBe("abcdef123");
  });

  it("tells calls apart whose provider used an id again", () => {
    const messages = [
      userSays("a"),
      assistant("", ["call_0"]),
      result("call_0", "first"),
      userSays("b"),
      assistant("", ["call_0"]),
      result("call_0", "second"),
    ];
    const prepared = prepareMessages(messages, OPUS);
    expect(new Set(calls(prepared).map((call) => call.id)).size).toBe(2);
    expect(results(prepared).map((found) => found.text)).toEqual(["first", "second"]);
  });

  it("puts a result right after its call although a message stands between", () => {
    const prepared = prepareMessages(
      [userSays("a"), assistant("", ["c1", "c2"]), result("c2", "two"), userSays("wait"), result("c1", "one")],
      OPUS,
    );
    expect(roles(prepared)).toEqual(["user", "assistant", "results", "user"]);
    expect(results(prepared).map((found) => found.text)).toEqual(["one", "two"]);
  });

  it("says that the outcome is unknown where a result is missing", () => {
    const prepared = prepareMessages([userSays("a"), assistant("", ["c1"]), userSays("b")], OPUS);
    expect(results(prepared)).toEqual([{ callId: "c1", name: "read", text: INTERRUPTED_RESULT, isError: true, images: [] }]);
  });

  it("joins messages in a row, so that turns alternate", () => {
    const prepared = prepareMessages([userSays("a"), userSays("b"), assistant("c"), assistant("d"), userSays("e")], OPUS);
    expect(roles(prepared)).toEqual(["user", "assistant", "user"]);
    expect(prepared[0]).toMatchObject({ parts: [{ text: "a" }, { text: "b" }] });
    expect(prepared[1]).toMatchObject({ text: "c\n\nd" });
  });

  it("begins with a person and never ends with the model", () => {
    const prepared = prepareMessages([assistant("I was here first")], OPUS);
    expect(roles(prepared)).toEqual(["user", "assistant", "user"]);
  });

  it("drops what is empty", () => {
    const prepared = prepareMessages([userSays("", "  ", "a"), assistant("   "), userSays("b")], OPUS);
    expect(prepared).toEqual([
      {
        role: "user",
        parts: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
    ]);
    expect(prepareMessages([userSays("")], OPUS)).toEqual([{ role: "user", parts: [{ type: "text", text: "(empty message)" }] }]);
  });

  it("puts a note in place of images a model cannot see, also in results", () => {
    const image = { mimeType: "image/png", base64: "AAAA" };
    const messages: ModelMessage[] = [
      { role: "user", parts: [{ type: "image", ...image }] },
      assistant("", ["c"]),
      result("c", "shot", [image]),
    ];
    expect(JSON.stringify(prepareMessages(messages, DEEPSEEK))).not.toContain("AAAA");
    expect(JSON.stringify(prepareMessages(messages, OPUS)).split("AAAA")).toHaveLength(3);
  });

  it("says beside a picture what it is and where it is kept", () => {
    const picture = { type: "image" as const, mimeType: "image/png", base64: "AAAA" };
    const label = "[image: cat.png, kept as attachments/cat-ab12cd.png]";
    const parts = (model: ModelInfo) =>
      prepareMessages([{ role: "user", parts: [{ ...picture, label }, picture] }], model).flatMap((message) =>
        message.role === "user" ? message.parts : [],
      );
    expect(parts(OPUS)).toEqual([{ type: "text", text: label }, { ...picture, label }, picture]);
    expect(parts(DEEPSEEK).map((part) => part.type === "text" && part.text)).toEqual([
      expect.stringContaining(label),
      expect.not.stringContaining(label),
    ]);
  });

  it("mends half a character", () => {
    expect(JSON.stringify(prepareMessages([userSays("a\ud83d")], OPUS))).not.toContain("\\ud83d");
  });

  it("makes a valid history of any history", () => {
    const id = fc.constantFrom("c1", "c2", "c|3", "");
    const message = fc.oneof(
      fc.string().map((text) => userSays(text)),
      fc.tuple(fc.string(), fc.array(id, { maxLength: 3 })).map(([text, ids]) => assistant(text, ids)),
      id.map((callId) => result(callId)),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
        const prepared = prepareMessages(messages, OPUS);
        expect(prepared[0]?.role).toBe("user");
        expect(prepared.at(-1)?.role).not.toBe("assistant");
        const ids = calls(prepared).map((call) => call.id);
        expect(new Set(ids).size).toBe(ids.length);
        prepared.forEach((item, at) => {
          const next = prepared[at + 1];
          if (item.role === "user") expect(next?.role).not.toBe("user");
          if (item.role !== "assistant") return;
          if (item.calls.length === 0) expect(next?.role).toBe("user");
          else expect(next).toMatchObject({ role: "results", results: item.calls.map((call) => ({ callId: call.id })) });
        });
      }),
    );
  });
});

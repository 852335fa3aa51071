// The form made from the settings' own schema: what it asks for, what it refuses, and the document while it changes.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { settingsSchema } from "../../../src/contract/settings.ts";
import {
  changeBetween,
  mergeChange,
  parseDocument,
  readAt,
  sharedPaths,
  writeAt,
  writeDocument,
} from "../../../src/web/control/settings/draft.ts";
import {
  checkValue,
  type Field,
  type JsonSchema,
  labelOf,
  makeForm,
  optionFor,
} from "../../../src/web/control/settings/schema-form.ts";

const form = makeForm(z.toJSONSchema(settingsSchema, { unrepresentable: "any" }) as JsonSchema);

function fieldAt(...names: string[]): Field {
  let fields: readonly Field[] = form;
  let found: Field | undefined;
  for (const name of names) {
    found = fields.find((field) => field.name === name);
    fields =
      found?.kind === "group" ? found.fields : found?.kind === "map" && found.item.kind === "group" ? found.item.fields : [];
  }
  if (!found) throw new Error(`No field ${names.join(".")}.`);
  return found;
}

function kindsIn(fields: readonly Field[]): string[] {
  return fields.flatMap((field) => {
    if (field.kind === "group") return [field.kind, ...kindsIn(field.fields)];
    if (field.kind === "list" || field.kind === "map") return [field.kind, ...kindsIn([field.item])];
    return field.kind === "either" ? [field.kind, ...kindsIn(field.options)] : [field.kind];
  });
}

describe("the form", () => {
  test("has a field for every setting; none is left to the document", () => {
    expect(form.map((field) => field.name)).toEqual(
      expect.arrayContaining(["agents", "models", "messages", "skills", "gateway"]),
    );
    expect(kindsIn(form)).not.toContain("other");
  });

  test("takes the words, the notes and the limits of the schema", () => {
    expect(fieldAt("agents", "defaults", "thinking")).toMatchObject({
      kind: "choice",
      options: expect.arrayContaining(["off", "high"]),
    });
    expect(fieldAt("messages", "queue", "cap")).toMatchObject({ kind: "number", isWhole: true, min: 1, max: 200 });
    expect(fieldAt("agents", "defaults", "budget", "perDayUsd")).toMatchObject({
      kind: "number",
      above: 0,
      note: expect.any(String),
    });
    expect(fieldAt("models", "providers", "baseUrl")).toMatchObject({ kind: "text", label: "Base URL" });
    expect(labelOf("perTurnUsd")).toBe("Per turn US$");
  });

  test.each([[["agents", "defaults", "sandbox"]], [["tools"]], [["approvals"]]])(
    "says in words what every field of %j means",
    (path) => {
      const silent = (field: Field, place: string): string[] => [
        ...(field.note === undefined && field.name !== "" ? [place] : []),
        ...(field.kind === "group" ? field.fields.flatMap((inner) => silent(inner, `${place}.${inner.name}`)) : []),
      ];
      expect(silent(fieldAt(...path), path.join("."))).toEqual([]);
    },
  );

  test("finds the shape that a value has", () => {
    const model = fieldAt("agents", "defaults", "model");
    if (model.kind !== "either") throw new Error("A model is one of two shapes.");
    expect(model.options[optionFor(model.options, "openai/gpt-5")]?.kind).toBe("text");
    expect(model.options[optionFor(model.options, { primary: "openai/gpt-5" })]?.kind).toBe("group");
  });

  test.each([
    [["messages", "queue", "cap"], 0, "at least 1"],
    [["messages", "queue", "cap"], 1.5, "whole number"],
    [["messages", "queue", "cap"], 201, "at most 200"],
    [["agents", "defaults", "budget", "perDayUsd"], 0, "more than 0"],
    [["agents", "defaults", "thinking"], "very", "one of"],
    [["models", "providers", "apiKeyEnv"], "sk-not-a-name", "form that is expected"],
    [["agents", "defaults", "name"], "x".repeat(81), "more than 80 characters"],
  ])("says what is wrong at %j with %j", (path, value, words) => {
    expect(checkValue(fieldAt(...path), value)).toContain(words);
  });

  test("says nothing of what is right or not set", () => {
    expect(checkValue(fieldAt("messages", "queue", "cap"), 20)).toBeUndefined();
    expect(checkValue(fieldAt("messages", "queue", "cap"), undefined)).toBeUndefined();
    expect(checkValue(fieldAt("models", "providers", "apiKeyEnv"), "MY_KEY")).toBeUndefined();
  });
});

describe("the document while it is changed", () => {
  test("is written at a path and cleaned when a setting goes", () => {
    const written = writeAt({ a: 1 }, ["agents", "defaults", "thinking"], "high");
    expect(written).toEqual({ a: 1, agents: { defaults: { thinking: "high" } } });
    expect(readAt(written, ["agents", "defaults", "thinking"])).toBe("high");
    expect(writeAt(written, ["agents", "defaults", "thinking"], undefined)).toEqual({ a: 1 });
  });

  test("keeps the other members of a list in their places", () => {
    const before = { list: ["a", "b", "c"] };
    expect(writeAt(before, ["list", 1], "x")).toEqual({ list: ["a", "x", "c"] });
    expect(writeAt(before, ["list", 1], undefined)).toEqual({ list: ["a", "c"] });
    expect(before.list).toEqual(["a", "b", "c"]);
  });

  test("a change made on an older document lands on the newer one and undoes nothing in it", () => {
    const base = { agents: { defaults: { thinking: "low", name: "A" } }, messages: { queue: { cap: 5 } } };
    const mine = { agents: { defaults: { name: "A" } }, messages: { queue: { cap: 9 } } };
    const theirs = { agents: { defaults: { thinking: "low", name: "B" } }, messages: { queue: { cap: 5, mode: "steer" } } };
    expect(mergeChange(theirs, changeBetween(base, mine))).toEqual({
      agents: { defaults: { name: "B" } },
      messages: { queue: { cap: 9, mode: "steer" } },
    });
    expect(changeBetween(base, structuredClone(base))).toBeUndefined();
  });

  test("a text that is no JSON says so, and so does one that is no object", () => {
    expect(parseDocument("{ ")).toMatchObject({ reason: expect.stringContaining("no JSON") });
    expect(parseDocument("[1]")).toMatchObject({ reason: expect.stringContaining("object") });
    expect(parseDocument(writeDocument({ a: [1] }))).toEqual({ value: { a: [1] } });
  });
});

describe("two changes of one document", () => {
  const before = { agents: { defaults: { name: "Kelp", thinking: "low" } }, messages: { queue: { mode: "steer" } } };
  const change = (after: unknown) => changeBetween(before, after);

  test("say which settings both touch", () => {
    const mine = change({ ...before, agents: { defaults: { name: "Dulse", thinking: "high" } } });
    const theirs = change({ ...before, agents: { defaults: { name: "Laver", thinking: "low" } } });
    expect(sharedPaths(mine, theirs)).toEqual(["agents.defaults.name"]);
    expect(sharedPaths(mine, change({ agents: before.agents }))).toEqual([]);
    expect(sharedPaths(mine, change({ messages: before.messages }))).toEqual(["agents"]);
    expect(sharedPaths(mine, undefined)).toEqual([]);
  });
});

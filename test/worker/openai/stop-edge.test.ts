import fc from "fast-check";
import { expect, test } from "vitest";
import { StopEdge } from "../../../src/worker/openai/stop-edge.ts";

function cut(pieces: readonly string[], words: readonly string[]): { sent: string[]; isReached: boolean } {
  const edge = new StopEdge(words);
  const sent = pieces.map((piece) => edge.push(piece));
  return { sent: [...sent, edge.flush()], isReached: edge.isReached };
}

test("holds back what may be the beginning of a stop word, and gives it when it was none", () => {
  expect(cut(["a <", "en", "t b"], ["<end>"])).toEqual({ sent: ["a ", "", "<ent b", ""], isReached: false });
  expect(cut(["a <", "en", "d> b"], ["<end>"])).toEqual({ sent: ["a ", "", "", ""], isReached: true });
});

test("gives what is held back when the text ends", () => {
  expect(cut(["almost <en"], ["<end>"]).sent.join("")).toBe("almost <en");
});

test("says nothing behind the edge", () => {
  expect(cut(["one STOP two", " three"], ["STOP"])).toEqual({ sent: ["one ", "", ""], isReached: true });
});

test("cuts where a whole text would be cut, however it is cut into pieces", () => {
  const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength });
  fc.assert(
    fc.property(
      fc.array(letters(4), { maxLength: 12 }),
      letters(3).filter((word) => word !== ""),
      (pieces, word) => {
        const text = pieces.join("");
        const at = text.indexOf(word);
        expect(cut(pieces, [word]).sent.join("")).toBe(at < 0 ? text : text.slice(0, at));
      },
    ),
  );
});

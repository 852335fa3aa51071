// What the choice of models becomes in the settings.
import { expect, test } from "vitest";
import {
  type ChosenModels,
  describePrice,
  describeTokens,
  patchFor,
  readChosen,
} from "../../../src/web/control/models/catalogue.ts";
import { mergeChange } from "../../../src/web/control/settings/draft.ts";

const CHOICES: ChosenModels[] = [
  { primary: undefined, fallbacks: [], thinking: undefined },
  { primary: "openai/a", fallbacks: [], thinking: "high" },
  { primary: "openai/a", fallbacks: ["groq/b", "xai/c"], thinking: undefined },
];

test("every choice is read back as it was made, whatever was chosen before", () => {
  for (const before of CHOICES) {
    for (const after of CHOICES) {
      const settings = mergeChange(mergeChange({ agents: { defaults: { name: "Ada" } } }, patchFor(before)), patchFor(after));
      expect(readChosen(settings as Record<string, unknown>)).toEqual(after);
      expect(settings).toMatchObject({ agents: { defaults: { name: "Ada" } } });
    }
  }
});

test("windows and prices are told shortly", () => {
  expect([describeTokens(200_000), describeTokens(1_048_576)]).toEqual(["200k", "1M"]);
  expect([describePrice(undefined), describePrice(0), describePrice(0.05), describePrice(15)]).toEqual([
    "not known",
    "free",
    "$0.050",
    "$15.00",
  ]);
});

// A person takes over: they get a link or a window, and the call sleeps until they say that they are done there, the page is as it
// was waited for, they write something, or the time is up. Looking whether it is so wakes the call every few seconds.

import { ToolFailure } from "../../../contract/errors.ts";
import type { BrowserInput } from "../../../contract/home/browser.ts";
import type { ToolContext, ToolResult, ToolWait } from "../port.ts";
import { askBrowser } from "./at-home.ts";
import { type Chosen, mustHave, policyFor, profileFor } from "./where.ts";

const LOOK_MS = 12_000;
const LONGEST_S = 600;

export interface HandOffMemo {
  step: "hand-off";
  chosen: Chosen;
  /** When the waiting ends, whatever happens. */
  endsAt: number;
  looks: number;
}

export async function handOff(input: BrowserInput, chosen: Chosen, context: ToolContext): Promise<ToolResult | ToolWait> {
  const notes = await ask(input, chosen, context);
  const seconds = Math.min(input.seconds ?? LONGEST_S, LONGEST_S);
  const minutes = Math.max(1, Math.round(seconds / 60));
  const wish = input.text === undefined ? "" : `${input.text.slice(0, 500)}\n`;
  await mustHave(context).tell(`${wish}${notes}\nWrite to me when you are done. I wait for ${minutes} minutes.`);
  return wait(input, { step: "hand-off", chosen, endsAt: context.now() + seconds * 1000, looks: 0 }, context);
}

/** `look`: takes the snapshot that the call ends with. */
export async function resumeHandOff(
  input: BrowserInput,
  memo: HandOffMemo,
  context: ToolContext,
  look: (note: string) => Promise<ToolResult | ToolWait>,
): Promise<ToolResult | ToolWait> {
  const next = { ...memo, looks: memo.looks + 1 };
  if (await isDone(input, next, context)) return look("The person is done and gave the browser back.");
  if (context.now() >= memo.endsAt) {
    return { text: "Nobody finished it in time. Ask the person how they want to go on.", isError: true };
  }
  return wait(input, next, context);
}

function wait(input: BrowserInput, memo: HandOffMemo, context: ToolContext): ToolWait {
  // Without anything to look for at home, the person's word alone ends it.
  const isWatched = memo.chosen.place !== "home" || conditionOf(input) !== undefined;
  const until = isWatched ? Math.min(memo.endsAt, context.now() + LOOK_MS) : memo.endsAt;
  return {
    waitsFor: "person",
    token: `person:${context.callId}:${memo.looks}`,
    until,
    memo,
    text: "Waits for you in the browser. Write when you are done.",
  };
}

async function ask(input: BrowserInput, chosen: Chosen, context: ToolContext): Promise<string> {
  if (chosen.place === "home") {
    const asked = await askBrowser(input, chosen, context, "hand-off");
    if (asked.outcome === "answered") return asked.answer.notes.join("\n");
    if (asked.outcome === "interrupted") throw new ToolFailure(asked.reason);
    throw new ToolFailure(`${asked.home} did not show the browser in time; try again.`);
  }
  const task = { profile: await profileFor(input.profile, chosen.place, context), input, policy: policyFor(context), files: [] };
  return (await mustHave(context).do(chosen.place, task)).notes.join("\n");
}

async function isDone(input: BrowserInput, { chosen, looks }: HandOffMemo, context: ToolContext): Promise<boolean> {
  const condition = conditionOf(input);
  if (chosen.place === "home") {
    if (!condition) return false;
    try {
      return (await askBrowser(condition, chosen, context, `look-${looks}`)).outcome === "answered";
    } catch (error) {
      // "It did not come" is said as a failure.
      if (error instanceof ToolFailure) return false;
      throw error;
    }
  }
  const profile = await profileFor(input.profile, chosen.place, context);
  const task = { profile, input: condition ?? input, policy: policyFor(context), files: [] };
  return mustHave(context).isHandedBack(chosen.place, task);
}

/** What the page has to be like, as a wait that is over at once. `text` is what the person is asked for, not this. */
function conditionOf({ url, ref, selector, gone, tab, profile }: BrowserInput): BrowserInput | undefined {
  if (url === undefined && ref === undefined && selector === undefined) return undefined;
  return { action: "act", kind: "wait", seconds: 0, url, ref, selector, gone, tab, profile };
}

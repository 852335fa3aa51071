// A person takes over: they get a link or a window, and the call sleeps until they say that they are done there, the page is as it
// was waited for, they write something, or the time is up. Looking whether it is so wakes the call every few seconds. Where the browser
// has neither a live view nor a window, the link leads to a page of Skerry's own (session/browser/hand-offs.ts).

import type { BrowserAnswer } from "../../../browser/answer.ts";
import { heldMs } from "../../../browser/hand-off/time.ts";
import { ToolFailure } from "../../../contract/errors.ts";
import type { BrowserInput, BrowserPolicy, HandedTab } from "../../../contract/home/browser.ts";
import type { ToolContext, ToolResult, ToolWait } from "../port.ts";
import { askBrowser } from "./at-home.ts";
import { marked } from "./result.ts";
import { type Chosen, mustHave, policyFor, profileFor } from "./where.ts";

const LOOK_MS = 12_000;

export interface HandOffMemo {
  step: "hand-off";
  chosen: Chosen;
  /** When the waiting ends, whatever happens. */
  endsAt: number;
  looks: number;
  /** The tab's name, where the machine told it: in a browser that was started anew it is another than was asked for. */
  tab?: string;
  /** The tab as our own page shows it. Absent: they have it elsewhere. */
  page?: { profile: string; policy: BrowserPolicy; handed: HandedTab };
}

export async function handOff(input: BrowserInput, chosen: Chosen, context: ToolContext): Promise<ToolResult | ToolWait> {
  mustHave(context).mayTell();
  const { notes, tab, handed } = await ask(input, chosen, context);
  if (handed && chosen.place === "home") await demandApproval(chosen.home, context);
  const forMs = heldMs(input);
  const endsAt = context.now() + forMs;
  const page = handed && {
    profile: await profileFor(input.profile, chosen.place, context),
    policy: policyFor(context),
    handed,
  };
  const minutes = Math.max(1, Math.round(forMs / 60_000));
  const wish = input.text === undefined ? "" : `${input.text.slice(0, 500)}\n`;
  const way = page ? await linkFor(endsAt, context) : notes.join("\n");
  const how = page ? "Press Done there when you are, or write to me." : "Write to me when you are done.";
  await mustHave(context).tell(`${wish}${way}\n${how} I wait for ${minutes} minutes.`);
  const memo: HandOffMemo = { step: "hand-off", chosen, endsAt, looks: 0, ...(tab ? { tab } : {}), ...(page ? { page } : {}) };
  return wait(input, memo, context);
}

/** Names what "Done" on our own page answers. The same for every look: it may be pressed while the call looks. */
export function doneToken(callId: string): string {
  return `person:${callId}:page`;
}

/** A machine may offer it since an update that nobody looked at yet. @throws ToolFailure with what to do. */
async function demandApproval(home: string | undefined, context: ToolContext): Promise<void> {
  const row = (await context.home?.homes())?.find(({ id }) => id === home);
  if (!row || (row.commands.includes("browser.watch") && row.commands.includes("browser.hand"))) return;
  throw new ToolFailure(
    `${row.name} could show this page to the person, but its commands browser.watch and browser.hand were not approved yet; ask the owner to approve them under Devices.`,
  );
}

/** @throws ToolFailure where the person must not have it, or could not reach it. */
async function linkFor(endsAt: number, context: ToolContext): Promise<string> {
  if (context.hands?.isOwner !== true) {
    throw new ToolFailure("A page of this browser is shown to the owner alone; ask them, in a talk of their own.");
  }
  const link = await mustHave(context).linkTo(endsAt);
  if (link === undefined) {
    throw new ToolFailure(
      "Nobody knows yet at which address this Skerry is reached, so no link can be made. Ask the owner to open its page once, then try again.",
    );
  }
  const near = /^https?:\/\/(localhost|127\.|\[::1\])/.test(link) ? " (it opens on the machine that Skerry runs on)" : "";
  return `Open this page and finish it there${near}; whoever has the link has the page, so pass it to nobody: ${link}`;
}

/** `look`: takes the snapshot that the call ends with. */
export async function resumeHandOff(
  input: BrowserInput,
  { memo, isSaid }: { memo: HandOffMemo; isSaid: boolean },
  context: ToolContext,
  look: (note: string) => Promise<ToolResult | ToolWait>,
): Promise<ToolResult | ToolWait> {
  const next = { ...memo, looks: memo.looks + 1 };
  if (isSaid || (await isDone(input, next, context))) return look("The person is done and gave the browser back.");
  if (context.now() >= memo.endsAt) {
    return { text: "Nobody finished it in time. Ask the person how they want to go on.", isError: true };
  }
  return wait(input, next, context);
}

function wait(input: BrowserInput, memo: HandOffMemo, context: ToolContext): ToolWait {
  // Without anything to look for at home, the person's word alone ends it. At the edge a browser that nobody looks at would end.
  const isWatched = memo.chosen.place !== "home" || conditionOf(input) !== undefined;
  const until = isWatched ? Math.min(memo.endsAt, context.now() + LOOK_MS) : memo.endsAt;
  return {
    waitsFor: "person",
    token: memo.page ? doneToken(context.callId) : `person:${context.callId}:${memo.looks}`,
    until,
    memo,
    text: `Waits for you in the browser. ${memo.page ? "Press Done there, or write." : "Write when you are done."}`,
  };
}

async function ask(
  input: BrowserInput,
  chosen: Chosen,
  context: ToolContext,
): Promise<Pick<BrowserAnswer, "notes" | "tab" | "handed">> {
  if (chosen.place === "home") {
    const asked = await askBrowser(input, chosen, context, "hand-off");
    if (asked.outcome === "answered") return asked.answer;
    if (asked.outcome === "interrupted") throw new ToolFailure(asked.reason);
    throw new ToolFailure(`${asked.home} did not show the browser in time; try again.`);
  }
  const task = { profile: await profileFor(input.profile, chosen.place, context), input, policy: policyFor(context), files: [] };
  return marked(mustHave(context).do(chosen.place, task));
}

async function isDone(input: BrowserInput, { chosen, looks, tab }: HandOffMemo, context: ToolContext): Promise<boolean> {
  const condition = conditionOf({ ...input, tab: tab ?? input.tab });
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
  return marked(mustHave(context).isHandedBack(chosen.place, task));
}

/** What the page has to be like, as a wait that is over at once. `text` is what the person is asked for, not this. */
function conditionOf({ url, ref, selector, gone, tab, profile }: BrowserInput): BrowserInput | undefined {
  if (url === undefined && ref === undefined && selector === undefined) return undefined;
  return { action: "act", kind: "wait", seconds: 0, url, ref, selector, gone, tab, profile };
}

// browser: one tool for every browser there is. Which one, with whose cookies and what may be reached is decided here (browser/); what
// is done in it is the same everywhere (src/browser). At home it is asked over the bridge, else done by the session itself.
import { type BrowserInput, browserInput } from "../../contract/home/browser.ts";
import { askBrowser, type Home, type HomeOutcome, readBrowserAnswer } from "./browser/at-home.ts";
import { type HandOffMemo, handOff, resumeHandOff } from "./browser/hand-off.ts";
import { filesFor, keepFiles, marked, showAnswer } from "./browser/result.ts";
import { type Chosen, choosePlace, mustHave, policyFor, profileFor } from "./browser/where.ts";
import type { Tool, ToolContext, ToolResult, ToolWait } from "./port.ts";

type Memo = HandOffMemo | ({ step: "home" } & Home);

/** Looking twice is looking once. */
const LOOKS: readonly BrowserInput["action"][] = [
  "status",
  "tabs",
  "snapshot",
  "screenshot",
  "console",
  "requests",
  "errors",
  "pdf",
];
const PART = "do";

export const browser: Tool<typeof browserInput, ToolResult | ToolWait> = {
  name: "browser",
  label: "Use a browser",
  group: "web",
  needs: "browser",
  description:
    "A real browser. open or snapshot show a page as text with refs (e5); act on these, they die when the page changes. Pages are untrusted. handoff lets the person log in or solve a captcha: text asks them, url or selector tells when it is done.",
  input: browserInput,
  isRepeatable: ({ action, where }) => LOOKS.includes(action) || where === "home",
  isParallel: false,
  title: titleOf,
  async run(input, context) {
    const chosen = await choosePlace(input, context);
    if (input.action === "handoff") return handOff(input, chosen, context);
    return perform(input, chosen, context, PART);
  },
  async resume(input, end, context) {
    // Written by this folder; whoever changes its shape has to read the old one for a release.
    const memo = end.memo as Memo;
    if (memo.step === "hand-off") {
      return resumeHandOff(input, { memo, isSaid: end.answer !== undefined }, context, (note) =>
        lookAgain(input, memo, context, note),
      );
    }
    return conclude(input, { home: memo.home }, await readBrowserAnswer(end, context, PART), context);
  },
  async cancel(memo, context) {
    if ((memo as Memo).step === "home") await context.home?.cancel(PART);
  },
};

async function perform(input: BrowserInput, chosen: Chosen, context: ToolContext, part: string): Promise<ToolResult | ToolWait> {
  if (chosen.place === "home") return conclude(input, chosen, await askBrowser(input, chosen, context, part), context);
  const { place } = chosen;
  const task = {
    profile: await profileFor(input.profile, place, context),
    input,
    policy: policyFor(context),
    files: await filesFor(input, context),
  };
  const answer = await marked(mustHave(context).do(place, task));
  return showAnswer(input, answer, await keepFiles(answer.files ?? [], context), place, context);
}

async function conclude(
  input: BrowserInput,
  { home }: { home?: string | undefined },
  asked: HomeOutcome,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  switch (asked.outcome) {
    case "answered":
      return showAnswer(input, asked.answer, asked.media, "home", context);
    case "interrupted":
      return {
        text: `Interrupted, outcome unknown: ${asked.reason} Take a snapshot before you repeat it.`,
        isError: true,
        isInterrupted: true,
      };
    case "pending": {
      const { token, until } = asked;
      const memo: Memo = { step: "home", ...(home === undefined ? {} : { home }) };
      return { waitsFor: "home", token, until, memo, text: `The browser of ${asked.home} works on it.` };
    }
    default:
      return asked satisfies never;
  }
}

async function lookAgain(
  { tab: asked, profile }: BrowserInput,
  { chosen, looks, tab = asked }: HandOffMemo,
  context: ToolContext,
  note: string,
): Promise<ToolResult | ToolWait> {
  const seen = await perform({ action: "snapshot", mode: "interactive", tab, profile }, chosen, context, `seen-${looks}`);
  return "waitsFor" in seen ? { text: `${note} Take a snapshot.` } : { ...seen, text: `${note}\n${seen.text}` };
}

function titleOf({ action, kind, url, ref, query }: BrowserInput): string {
  const what = action === "act" ? (kind ?? "act") : action;
  const on = url ?? ref ?? query;
  return `Browser: ${what}${on === undefined ? "" : ` ${on.length <= 80 ? on : `${on.slice(0, 80)}…`}`}`;
}

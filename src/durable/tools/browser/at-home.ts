// The browser of a machine at home, asked over the bridge: at once where it answers soon, else the call sleeps until it does.
import type { BrowserAnswer } from "../../../browser/answer.ts";
import type { BrowserInput } from "../../../contract/home/browser.ts";
import type { HomeAnswer } from "../../../contract/home/port.ts";
import type { MediaRef } from "../../../contract/message.ts";
import { type Asked, ask, read } from "../hands/asking.ts";
import type { ToolContext, WaitEnd } from "../port.ts";
import { filesFor, keepFiles, marked } from "./result.ts";
import { mayManageProfiles, mustHave, policyFor, profileFor } from "./where.ts";

/** A start, a slow page, a large file; and then what was asked to be waited for. */
const ANSWER_MS = 120_000;
const LATE_MS = 30_000;

export type Home = { home?: string };

export type HomeOutcome =
  | { outcome: "answered"; answer: Pick<BrowserAnswer, "notes" | "content" | "url" | "tab" | "handed">; media: MediaRef[] }
  | { outcome: "pending"; token: string; until: number; home: string }
  | { outcome: "interrupted"; reason: string };

/** `part` tells apart what one call asks. */
export async function askBrowser(input: BrowserInput, { home }: Home, context: ToolContext, part: string): Promise<HomeOutcome> {
  const files = await keepFiles(await filesFor(input, context), context);
  const params = {
    sessionKey: context.sessionKey,
    profile: await profileFor(input.profile, "home", context),
    isHeadless: mustHave(context).brief.isHeadless,
    policy: policyFor(context),
    // Where it runs and whose it is was decided here.
    input: { ...input, where: undefined },
    files: files.map(({ key, name = "file", type }) => ({ key, name, type })),
    mayManageProfiles: mayManageProfiles(context),
  };
  const timeoutMs = ANSWER_MS + (input.action === "act" ? (input.seconds ?? 0) * 1000 : 0);
  const asked = await marked(ask(context, part, "browser.do", params, { home, timeoutMs }));
  return outcomeOf(asked, context, part, timeoutMs);
}

export async function readBrowserAnswer(end: WaitEnd, context: ToolContext, part: string): Promise<HomeOutcome> {
  if (end.answer === undefined) return { outcome: "interrupted", reason: "The machine did not answer in time." };
  const asked = await marked((async () => read("browser.do", end.answer as HomeAnswer))());
  return outcomeOf(asked, context, part, ANSWER_MS);
}

function outcomeOf(asked: Asked<"browser.do">, context: ToolContext, part: string, timeoutMs: number): HomeOutcome {
  switch (asked.outcome) {
    case "interrupted":
      return { outcome: "interrupted", reason: asked.reason };
    case "pending": {
      const token = context.home?.tokenOf(part) ?? "";
      return { outcome: "pending", token, until: context.now() + timeoutMs + LATE_MS, home: asked.home };
    }
    case "answered": {
      const { notes, content, url, files, tab, handed } = asked.value;
      const said = { ...(content === undefined ? {} : { content }), ...(url === undefined ? {} : { url }) };
      const answer = { notes, ...said, ...(tab ? { tab } : {}), ...(handed ? { handed } : {}) };
      const media = files.map(({ key, type, size, name }) => ({ key, type, size, ...(name === undefined ? {} : { name }) }));
      return { outcome: "answered", answer, media };
    }
    default:
      return asked satisfies never;
  }
}

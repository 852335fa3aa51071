// One session with a scripted model behind it, in plain Node: what tests of turns begin with and read.
import type { Brief } from "../../src/contract/admission.ts";
import type { Entry } from "../../src/contract/entry.ts";
import { type ScriptedReply, type SeenRequest, scriptModel } from "./scripted-model.ts";
import { openTestSession, type TestSessionOptions } from "./session.ts";
import { openTestWorkspace } from "./workspace.ts";

export type TalkScript = (request: SeenRequest, count: number) => ScriptedReply | Promise<ScriptedReply>;

export function openTalk(
  script: TalkScript,
  options: Partial<Omit<TestSessionOptions, "brief">> & { brief?: Partial<Brief> } = {},
) {
  const model = scriptModel(script);
  const workspace = openTestWorkspace();
  const session = openTestSession({
    env: {},
    workspace,
    fetch: model.fetch,
    ...options,
    brief: { models: [model.ref], providers: model.providers, ...options.brief },
  });
  return { session, model, workspace };
}

export async function until(condition: () => boolean, ms = 6000): Promise<void> {
  for (const endAt = Date.now() + ms; !condition(); ) {
    if (Date.now() > endAt) throw new Error("It did not come about in time.");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What the agent said, oldest first. */
export function answersOf(entries: Entry[]): string[] {
  return entries.flatMap((entry) => (entry.kind === "assistant" && entry.text !== "" ? [entry.text] : []));
}

export function resultsOf(entries: Entry[]) {
  return entries.flatMap((entry) => (entry.kind === "result" ? [entry] : []));
}

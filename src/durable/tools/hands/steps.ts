// A call of several steps at a machine, each of which may take long or need the owner's word. The call sleeps where it must and
// begins again from the top when it goes on: a step that was done answers what it answered then. Steps are named, and what a
// step asks of the machine carries an id of its own, so that none is done twice.
import type { ApprovalAnswer } from "../../../contract/home/approval.ts";
import type { ExecApproval, ExecPlan, HomeParams, HomeResult } from "../../../contract/home/commands.ts";
import type { HomeAnswer } from "../../../contract/home/port.ts";
import type { ToolContext, ToolResult, ToolWait, WaitEnd } from "../port.ts";
import { ask, read } from "./asking.ts";
import type { FarSpot } from "./spot.ts";
import { policyFor } from "./where.ts";

export type FileCommand = "files.read" | "files.write" | "files.give" | "files.take";
type OwnParams<C extends FileCommand> = Omit<HomeParams<C>, "sessionKey" | "place" | "path" | "policy" | "approval">;
type Asks = { state: "asks"; plan: ExecPlan };
export type FileDone<C extends FileCommand> = Exclude<HomeResult<C>, Asks>;

interface Waiting {
  name: string;
  for: "answer" | "word";
  /** What it asked of the machine is named by. */
  part: string;
  home: string;
  approvalId?: string;
  plan?: ExecPlan;
  askPart?: string;
}

/** Written by this file as JSON; whoever changes its shape has to read the old one for a release. */
interface Memo {
  /** What was answered to steps that are done. */
  done: Record<string, unknown>;
  /** The owner's word on steps. */
  words: Record<string, ExecApproval>;
  waiting?: Waiting;
}

export interface Steps {
  /**
   * `shown`: what the owner reads beside the plan, where they are asked; `isKept`: whether the answer is small enough to be
   * kept while the call sleeps; `wordOf`: a step before, for the same file, whose word counts here too.
   */
  take<C extends FileCommand>(
    name: string,
    spot: FarSpot,
    command: C,
    params: OwnParams<C>,
    options?: { shown?: string; isKept?: boolean; wordOf?: string },
  ): Promise<FileDone<C>>;
}

/** Thrown through the work to end it for now. */
class Pause {
  readonly answer: ToolResult | ToolWait;
  constructor(answer: ToolResult | ToolWait) {
    this.answer = answer;
  }
}

const STEP_MS = 300_000;
/** A question holds the whole of what is to be written: nobody allows what they cannot read. */
const MOST_ASKED_CHARS = 90_000;

export async function runSteps(
  context: ToolContext,
  end: WaitEnd | undefined,
  work: (steps: Steps) => Promise<ToolResult>,
): Promise<ToolResult | ToolWait> {
  const { waiting, ...memo } = (end?.memo ?? { done: {}, words: {} }) as Memo;
  let answered: { name: string; answer: HomeAnswer } | undefined;
  try {
    if (waiting && end) answered = wakeUp(memo, waiting, end.answer);
    return await work({
      take: async (name, spot, command, params, options = {}) => {
        if (name in memo.done) return memo.done[name] as FileDone<typeof command>;
        const word = memo.words[name] ?? memo.words[options.wordOf ?? name];
        const part = partOf(name, word);
        const wanted = { ...params, sessionKey: context.sessionKey, place: spot.place, path: spot.path };
        // The parameters of this very command; the compiler cannot follow that through the table.
        const full = { ...wanted, policy: policyFor(context), ...(word ? { approval: word } : {}) } as unknown as HomeParams<
          typeof command
        >;
        const asked =
          answered?.name === name
            ? read(command, answered.answer)
            : await ask(context, part, command, full, { home: spot.home, timeoutMs: STEP_MS });
        if (asked.outcome === "interrupted") throw new Pause(interrupted(asked.reason));
        const { home } = asked;
        if (asked.outcome === "pending") {
          const token = context.home?.tokenOf(part) ?? "";
          const next: Memo = { ...memo, waiting: { name, for: "answer", part, home } };
          const until = context.now() + STEP_MS + 60_000;
          throw new Pause({ waitsFor: "home", token, until, memo: next, text: `${home} works on it.` });
        }
        const value: HomeResult<FileCommand> = asked.value;
        if ("state" in value)
          throw new Pause(await askOwner(context, memo, { name, part, home, host: spot.host, ...value }, options.shown));
        if (options.isKept !== false) memo.done[name] = value;
        return value as FileDone<typeof command>;
      },
    });
  } catch (error) {
    if (error instanceof Pause) return error.answer;
    throw error;
  }
}

export async function cancelSteps(memo: unknown, context: ToolContext): Promise<void> {
  const { waiting } = memo as Memo;
  if (!waiting) return;
  if (waiting.for === "word") await context.approvals?.withdraw(waiting.askPart ?? "");
  else await context.home?.cancel(waiting.part);
}

/** What the wait brought. @throws Pause when the call ends with it. */
function wakeUp(memo: Memo, waiting: Waiting, answer: unknown): { name: string; answer: HomeAnswer } | undefined {
  if (waiting.for === "answer") {
    if (answer === undefined) throw new Pause(interrupted("It did not answer in time."));
    return { name: waiting.name, answer: answer as HomeAnswer };
  }
  const { decision = "expired", by } = (answer ?? {}) as Partial<ApprovalAnswer>;
  if (decision === "expired")
    throw new Pause(said("Not done: nobody gave their word in time. Ask the person before you try it again."));
  if (decision === "deny") {
    throw new Pause(said(`Not done: ${by ?? "the owner"} said no. Do not try it in another way; ask what to do instead.`));
  }
  if (!waiting.plan || waiting.approvalId === undefined)
    throw new Pause(said("Not done: what was asked about is not known any more."));
  memo.words[waiting.name] = { id: waiting.approvalId, plan: waiting.plan.hash, decision };
  return undefined;
}

async function askOwner(
  context: ToolContext,
  memo: Memo,
  asked: { name: string; part: string; home: string; host: "home" | "sandbox"; plan: ExecPlan },
  shown: string | undefined,
): Promise<ToolResult | ToolWait> {
  const { name, part, home, host, plan } = asked;
  if (!context.approvals) return said(`Not done: ${plan.reason} Nobody can be asked for it here.`);
  if (shown !== undefined && shown.length > MOST_ASKED_CHARS)
    return said("Not done: that is too long for the owner to be asked about. Write it into the workspace and copy it there.");
  const askPart = `${name}-${plan.hash.slice(0, 16)}`;
  const told = shown === undefined ? plan : { ...plan, command: `${plan.command}\n${shown}` };
  const { token, until } = await context.approvals.ask(askPart, { home, host, plan: told });
  const approvalId = token.slice(token.indexOf(":") + 1);
  const next: Memo = { ...memo, waiting: { name, for: "word", part, home, approvalId, plan, askPart } };
  return { waitsFor: "approval", token, until, memo: next, text: `Waits for the owner's word: ${plan.command.slice(0, 200)}` };
}

/** With the owner's word it is another thing to ask: the answer without it stays what it was. */
function partOf(name: string, word: ExecApproval | undefined): string {
  return word ? `${name}:approved` : name;
}

function said(text: string): ToolResult {
  return { text, isError: true };
}

function interrupted(reason: string): ToolResult {
  const text = `Interrupted, outcome unknown: ${reason} Look at the file before you repeat it.`;
  return { text, isError: true, isInterrupted: true };
}

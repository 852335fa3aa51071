// What a tool is. One file and one line in list.ts a tool; no registration by import.
// Imports nothing of Cloudflare: tested in plain Node.
import type { z } from "zod";
import type { BrowserAnswer, BrowserFile } from "../../browser/answer.ts";
import type { DeliveryAct, DeliveryOutcome, ReadBack } from "../../contract/channels/delivery.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { BrowserInput, BrowserPolicy } from "../../contract/home/browser.ts";
import type { BrowserBrief } from "../../contract/home/browser-settings.ts";
import type { ExecPlan } from "../../contract/home/commands.ts";
import type { Elevation, HandsBrief } from "../../contract/home/hands.ts";
import type { HomeAnswer, HomeRequest, HomeRow } from "../../contract/home/port.ts";
import type { Address, MediaRef } from "../../contract/message.ts";
import type { Person, SendPermission } from "../../contract/people.ts";
import type { WorkspacePort } from "../../contract/ports/workspace.ts";

export interface ToolResult {
  /** What the model reads. Cut to its cap, and the whole kept, by the caller (agent/results.ts). */
  text: string;
  isError?: boolean;
  /** It was begun, and nobody knows what became of it. */
  isInterrupted?: true;
  media?: MediaRef[];
  /** Whether `media` goes to the person along with the answer. */
  isForPerson?: boolean;
  /** The place it wrote to. */
  wroteTo?: Address;
  /** For screens only. */
  details?: Record<string, unknown>;
}

/** The call is not over: its row sleeps until what it waits for comes, or until its time is up. */
export interface ToolWait {
  /** `person`: something that a person does elsewhere, such as in a browser; like a question, it gives way to their next word. */
  waitsFor: "home" | "approval" | "person";
  /** Names what it waits for: the id of the request, or of the question to the owner. */
  token: string;
  /** When the waiting ends by itself, ms. */
  until: number;
  /** What the tool wants to know again; kept as JSON. */
  memo: unknown;
  /** For people, while it waits: "Waits for your word: rm -r build". */
  text: string;
}

/** The end of a wait. Without `answer` its time was up. */
export interface WaitEnd {
  memo: unknown;
  answer?: unknown;
}

/** What a tool needs of the owner's machines. */
export interface HomeDesk {
  homes(): Promise<HomeRow[]>;
  /** One thing done there; `part` tells apart what one call does, so that a repeat of the call repeats none of it. */
  call(part: string, wanted: Pick<HomeRequest, "home" | "command" | "params" | "timeoutMs" | "waitMs">): Promise<HomeAnswer>;
  cancel(part: string): Promise<void>;
  /** What a wait for the answer to `part` is named by. */
  tokenOf(part: string): string;
}

/** What a tool needs to ask the owner. */
export interface ApprovalDesk {
  /** Asks, and answers what to wait for. `part` tells apart what one call asks. */
  ask(
    part: string,
    question: { home: string; host: "home" | "sandbox"; plan: ExecPlan },
  ): Promise<{ token: string; until: number }>;
  withdraw(part: string): Promise<void>;
}

export interface BrowserTask {
  profile: string;
  input: BrowserInput;
  policy: BrowserPolicy;
  /** For upload. */
  files: readonly BrowserFile[];
}

/** What a tool needs of the browsers there are; the one of a home is asked by HomeDesk. */
export interface BrowserPort {
  /** What the owner's settings say. */
  brief: BrowserBrief;
  /** One thing done at the edge, or at an address. @throws ToolFailure with what the model should read. */
  do(place: "edge" | "cdp", task: BrowserTask): Promise<BrowserAnswer>;
  /** Whether a person who took over is done: said so there, or the page is as `input` waits for. */
  isHandedBack(place: "edge" | "cdp", task: BrowserTask): Promise<boolean>;
  /** A page where whoever has the link has the tab of this call until then; undefined: nobody knows where Skerry is reached. */
  linkTo(endsAt: number): Promise<string | undefined>;
  /** @throws ToolFailure where others would read what the person is told: asked before anything is opened for them. */
  mayTell(): void;
  /** Tells the person, while the call goes on. @throws ToolFailure where others would read it. */
  tell(text: string): Promise<void>;
}

/** What a tool needs to act on a channel: who is known, what is permitted, the way out and back. */
export interface MessageDesk {
  /** Where the latest message of this turn came from, and which it is. */
  here?: { address: Address; messageId?: string };
  people(): Promise<Person[]>;
  permit(to: Address): Promise<SendPermission>;
  /** Cuts a text into messages that the place takes. */
  plan(to: Address, text: string): Promise<string[]>;
  /** One try under an id of its own; `part` counts what one call does. */
  send(to: Address, act: DeliveryAct, part: number): Promise<DeliveryOutcome>;
  read(from: Address, limit: number): Promise<Outcome<ReadBack[]>>;
  /** Tells the talk of that place what was written there, so that an answer from there makes sense. */
  note(to: Address, sessionKey: string, text: string): Promise<void>;
}

export interface ToolContext {
  agentId: string;
  sessionKey: string;
  callId: string;
  workspace: WorkspacePort;
  /** Facts for session_status, read when asked. */
  status(): Promise<Record<string, string>>;
  fetch: typeof fetch;
  /** Asks a DNS service for the addresses of a name; absent where the platform resolves safely by itself. */
  resolveHost?: (name: string) => Promise<string[]>;
  /** Hosts that the owner allows although they are private. */
  allowedHosts: readonly string[];
  signal: AbortSignal;
  /** Keeps bytes where screens and models find them (R2); absent: a picture is only described. */
  storeMedia?: (bytes: Uint8Array, type: string, name: string) => Promise<MediaRef>;
  /** Absent: no machine of the owner can be reached. */
  home?: HomeDesk;
  /** Absent: there is no browser. */
  browser?: BrowserPort;
  /** Absent: nobody can be asked, so what needs a word is refused. */
  approvals?: ApprovalDesk;
  /** Where commands may run; what was chosen for the session is in it already. Absent: at the edge alone. */
  hands?: HandsBrief & { elevation: Elevation };
  /** Absent: no channel is there to write to. */
  messages?: MessageDesk;
  /** Output so far, for screens. */
  progress(text: string): void;
  now(): number;
  timeZone: string;
}

/** Any of them, whether it may wait or not. */
export type AnyTool = Tool<z.ZodObject, ToolResult | ToolWait>;

/** `Answer`: ToolResult, or with ToolWait for a tool that may wait. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Answer extends ToolResult | ToolWait = ToolResult> {
  name: string;
  /** One line for people. */
  label: string;
  group: "fs" | "runtime" | "memory" | "web" | "sessions" | "messaging";
  /** Offered only where this is there. */
  needs?: "channels" | "home" | "browser";
  /** Offered in its place, under the same name, where no machine is paired: words that mean nothing there cost nothing. */
  withoutHome?: Tool;
  /** For the model. Every word costs on every request. */
  description: string;
  input: Input;
  /** Whether running it twice does no more than running it once. Cut off and safe: run again. */
  isRepeatable: boolean | ((input: z.infer<Input>) => boolean);
  /** Whether it may run beside other calls of the same step. */
  isParallel: boolean;
  /** What people see while it runs: "Read SOUL.md". */
  title(input: z.infer<Input>): string;
  /** Contract: throws ToolFailure for what the model should read; anything else is a fault and told as such. */
  run(input: z.infer<Input>, context: ToolContext): Promise<Answer>;
  /** Goes on after a wait. Contract: a tool that answers ToolWait has it, and may be asked the same twice after a crash. */
  resume?(input: z.infer<Input>, end: WaitEnd, context: ToolContext): Promise<Answer>;
  /** Nobody wants the result of what waits any more. */
  cancel?(memo: unknown, context: ToolContext): Promise<void>;
}

// The owner's word in a chat: /approve, and a plain yes or no while exactly one question of this talk waits; and what the owner
// chooses for the session with /exec and /elevated. Whatever the settings say of commands, nobody else is obeyed or told.
import type { Brief } from "../../../contract/admission.ts";
import type { Event } from "../../../contract/event.ts";
import type { Approval, ApprovalDecision } from "../../../contract/home/approval.ts";
import type { HandsBrief, HandsChoice } from "../../../contract/home/hands.ts";
import { ELEVATIONS, EXEC_ASKS, EXEC_HOSTS, EXEC_SECURITIES } from "../../../contract/home/settings.ts";
import { showLine } from "../../../contract/home/shown-text.ts";
import { isAnsweredInPlace, textOf } from "../../../contract/message.ts";
import { addressKey } from "../../agent/delivery.ts";
import { channelLabel } from "../../agent/envelope.ts";
import { applyChoice, isLooser } from "../../tools/hands/choice.ts";
import { questionItemId } from "../acting/approval-desk.ts";
import { codeOf, isShownWhole } from "../acting/question.ts";
import type { SessionParts } from "../parts.ts";

const ONLY_OWNER = "Only my owner decides about commands.";
const APPROVE_USAGE = "Write /approve CODE once, /approve CODE always or /approve CODE deny.";
/** Platforms tell the time of a message in whole seconds. */
const CLOCK_STEP_MS = 1000;

const DECISIONS = new Map(
  Object.entries<ApprovalDecision>({
    once: "allow-once",
    allow: "allow-once",
    yes: "allow-once",
    "allow-once": "allow-once",
    always: "allow-always",
    "allow-always": "allow-always",
    deny: "deny",
    no: "deny",
  }),
);
const PLAIN_WORDS = new Map(
  Object.entries<ApprovalDecision>({
    yes: "allow-once",
    y: "allow-once",
    ok: "allow-once",
    okay: "allow-once",
    no: "deny",
    n: "deny",
  }),
);

/** What a plain word means: an answer to the one open question, or a choice between several that it cannot make. */
export type PlainWord =
  | { kind: "decides"; id: string; decision: ApprovalDecision }
  | { kind: "unclear"; questions: number }
  /** The command is too long for this chat: nobody says yes to what they have not seen. */
  | { kind: "unseen"; code: string };

export async function readPlainWord(parts: SessionParts, event: Event, brief: Brief): Promise<PlainWord | undefined> {
  if (event.kind !== "message" || brief.hands?.isOwner !== true || event.message.from.kind === "group") return undefined;
  const { message } = event;
  const decision = PLAIN_WORDS.get(
    textOf(message.parts)
      .trim()
      .toLowerCase()
      .replace(/[.!]+$/, ""),
  );
  if (decision === undefined || (message.attachments ?? []).length > 0) return undefined;
  const ids = openQuestions(parts);
  const [id] = ids;
  if (id === undefined) return undefined;
  if (ids.length > 1) return { kind: "unclear", questions: ids.length };
  const askedAt = parts.outbox.addressOf(questionItemId(id));
  if (!isAnsweredInPlace(message.from) && askedAt !== addressKey(message.from)) return undefined;
  parts.wake.countInside();
  const approval = await parts.ports.directory.approval(id);
  // Written before the question was there, it was meant for something else.
  if (approval?.state !== "open" || message.sentAt + CLOCK_STEP_MS < approval.askedAt) return undefined;
  const isUnseen = decision !== "deny" && !isAnsweredInPlace(message.from) && !isShownWhole(approval);
  return isUnseen ? { kind: "unseen", code: approval.code } : { kind: "decides", id, decision };
}

export async function answerPlainWord(parts: SessionParts, event: Event, word: PlainWord): Promise<string> {
  switch (word.kind) {
    case "decides":
      return decide(parts, event, word.id, word.decision);
    case "unclear":
      return `${word.questions} commands wait for your word, so I cannot tell which one you mean. Use their buttons, or ${APPROVE_USAGE.replace("Write ", "write ")}`;
    case "unseen":
      return `That command is too long to be shown here whole. Read it in the Control UI under Approvals, then decide there or write /approve ${word.code} once.`;
    default:
      return word satisfies never;
  }
}

export async function answerApprove(parts: SessionParts, event: Event, brief: Brief, args: string): Promise<string> {
  if (event.kind !== "message" || brief.hands?.isOwner !== true) return ONLY_OWNER;
  const [code = "", word = "", ...rest] = args.split(/\s+/).filter((part) => part !== "");
  if (code === "" || code.toLowerCase() === "list") return listOpen(parts, event);
  const decision = DECISIONS.get(word.toLowerCase());
  if (decision === undefined || rest.length > 0) return APPROVE_USAGE;
  return decide(parts, event, code, decision);
}

export function answerElevated(parts: SessionParts, event: Event, brief: Brief, args: string): string {
  const { hands } = brief;
  if (event.kind !== "message" || hands?.isOwner !== true) return ONLY_OWNER;
  const choice = parts.profile.get().hands ?? {};
  if (args === "") {
    return `Elevated: ${choice.elevation ?? "off"}. Choose one of ${ELEVATIONS.join(", ")}: on lets commands reach your machine itself, ask asks you for each, full asks for none.`;
  }
  const elevation = ELEVATIONS.find((level) => level === args.toLowerCase());
  if (!elevation) return `"${showLine(args, 40)}" is none of ${ELEVATIONS.join(", ")}.`;
  if (elevation !== "off" && !hands.mayElevate) return refusal(event);
  const { elevation: _before, ...rest } = choice;
  keep(parts, elevation === "off" ? rest : { ...rest, elevation });
  return SAID[elevation];
}

const SAID: Record<(typeof ELEVATIONS)[number], string> = {
  off: "Elevated is off: this session is where the settings put it.",
  on: "Elevated is on: commands of yours may reach the machine itself, by the list of what may run there.",
  ask: "Elevated, and each command asks you first.",
  full: "Elevated in full: your commands run on the machine itself and nobody is asked. /elevated off ends it.",
};

export function answerExec(parts: SessionParts, event: Event, brief: Brief, args: string): string {
  const { hands } = brief;
  if (event.kind !== "message" || hands?.isOwner !== true) return ONLY_OWNER;
  const known = parts.profile.get().hands ?? {};
  if (args === "") return `${sayExec(hands, known)} Choose with /exec host= security= ask= node=, or /exec default.`;
  const { elevation } = known;
  const kept = elevation === undefined ? {} : { elevation };
  if (args.toLowerCase() === "default") {
    keep(parts, kept);
    return sayExec(hands, kept);
  }
  const read = readChoices(known, args);
  if (typeof read === "string") return read;
  if (read.security !== undefined && read.security !== "deny" && hands.exec.security === "deny") {
    return "The settings deny commands on machines (tools.exec.security); change it there.";
  }
  if (!hands.mayElevate && isLooser(read, hands.exec)) return refusal(event);
  keep(parts, read);
  return sayExec(hands, read);
}

/** The new choice, or what is wrong with it. */
function readChoices(known: HandsChoice, args: string): HandsChoice | string {
  const choice: HandsChoice = { ...known };
  for (const word of args.split(/\s+/)) {
    const [, name = "", value = ""] = /^(host|security|ask|node)=(.+)$/i.exec(word) ?? [];
    const isReset = value.toLowerCase() === "default";
    const lower = value.toLowerCase();
    switch (name.toLowerCase()) {
      case "host": {
        const host = EXEC_HOSTS.find((one) => one === lower);
        if (!host && !isReset) return noneOf("host", value, EXEC_HOSTS);
        delete choice.host;
        if (host) choice.host = host;
        break;
      }
      case "security": {
        const security = EXEC_SECURITIES.find((one) => one === lower);
        if (!security && !isReset) return noneOf("security", value, EXEC_SECURITIES);
        delete choice.security;
        if (security) choice.security = security;
        break;
      }
      case "ask": {
        const ask = EXEC_ASKS.find((one) => one === lower);
        if (!ask && !isReset) return noneOf("ask", value, EXEC_ASKS);
        delete choice.ask;
        if (ask) choice.ask = ask;
        break;
      }
      case "node":
        delete choice.home;
        if (!isReset) choice.home = value.slice(0, 200);
        break;
      default:
        return `"${showLine(word, 40)}" is nothing /exec knows; write for example /exec host=sandbox ask=always.`;
    }
  }
  return choice;
}

function noneOf(name: string, value: string, words: readonly string[]): string {
  return `${name}: "${showLine(value, 40)}" is none of ${words.join(", ")}, default.`;
}

function sayExec(hands: HandsBrief, choice: HandsChoice): string {
  const { exec } = applyChoice([hands], choice);
  const node = exec.home === undefined ? "" : `, node ${codeOf(showLine(exec.home, 80))}`;
  return `Commands of this session: host ${exec.host}, security ${exec.security}, ask ${exec.ask}${node}.`;
}

function refusal(event: Event & { kind: "message" }): string {
  return event.message.from.kind === "group"
    ? "Not in a group: others write here too. Do it in a talk of your own."
    : "The settings do not allow that from here (tools.elevated).";
}

function keep(parts: SessionParts, choice: HandsChoice): void {
  parts.commit(() => parts.profile.change({ hands: Object.keys(choice).length > 0 ? choice : undefined }, parts.now()));
}

async function decide(parts: SessionParts, event: Event, id: string, decision: ApprovalDecision): Promise<string> {
  if (event.kind !== "message") return ONLY_OWNER;
  parts.wake.countInside();
  const decided = await parts.ports.directory.decideApproval(id, decision, nameOf(event));
  if (!decided.ok) return decided.error.message;
  const done = { "allow-once": "Allowed once", "allow-always": "Allowed, and remembered there", deny: "Denied" }[decision];
  // Others in a group have no business with the command.
  return event.message.from.kind === "group" ? `${done}.` : `${done}: ${nameCommand(decided.value)}.`;
}

async function listOpen(parts: SessionParts, event: Event & { kind: "message" }): Promise<string> {
  parts.wake.countInside();
  const open = (await parts.ports.directory.approvals(1)).filter(({ state }) => state === "open");
  if (open.length === 0) return "No command waits for your word.";
  if (event.message.from.kind === "group") return `${open.length} wait for your word; ask me in a talk of your own.`;
  return `${open.map((approval) => `- \`${approval.code}\` ${nameCommand(approval)}`).join("\n")}\n\n${APPROVE_USAGE}`;
}

function nameCommand({ plan, home }: Approval): string {
  return `${codeOf(showLine(plan.command, 120))} on ${codeOf(showLine(home, 60))}`;
}

function nameOf({ message: { sender, from } }: Event & { kind: "message" }): string {
  if (isAnsweredInPlace(from)) return "the owner at a screen";
  return `${showLine(sender.name ?? "the owner", 60)} on ${channelLabel(from.channel)}`;
}

/** Ids of the questions that calls of the running turn wait for. */
function openQuestions(parts: SessionParts): string[] {
  const turn = parts.turns.open();
  if (turn?.state !== "waiting") return [];
  return parts.calls.open(turn.id).flatMap((call) => {
    const { wait } = call;
    if (wait?.waitsFor !== "approval" || wait.until <= parts.now() || parts.calls.answerOf(call)) return [];
    return [wait.token.slice(wait.token.indexOf(":") + 1)];
  });
}

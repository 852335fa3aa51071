// What the slash commands do. A command never becomes a turn and never reaches a model (but /compact asks for a
// summary); its answer is a note in the transcript and goes back to whoever asked.
import type { Brief } from "../../contract/admission.ts";
import { type Event, QUEUE_MODES, THINKING_LEVELS } from "../../contract/event.ts";
import { textOf } from "../../contract/message.ts";
import type { Receipt, SessionPatch } from "../../contract/ports/session.ts";
import { type Command, commands, type ParsedCommand } from "../agent/commands.ts";
import { resolveModel } from "../models/catalogue.ts";
import { listModels } from "../models/choice.ts";
import { compactNow } from "./compacting.ts";
import { choiceOf, describeStatus, describeUsage } from "./describing.ts";
import { describeContext, exportTalk } from "./exporting.ts";
import { answerApprove, answerElevated, answerExec, answerPlainWord, type PlainWord } from "./incoming/owners-word.ts";
import { answerPairing } from "./incoming/pairing.ts";
import { queueReply } from "./outgoing/answering.ts";
import type { SessionParts } from "./parts.ts";
import { dropWaiting, stopTurn } from "./stopping.ts";
import { GUARD_MS } from "./wake.ts";

const VERBOSE_LEVELS = ["off", "on", "full"];
const REASONING_LEVELS = ["off", "on", "stream"];

export async function runCommand(parts: SessionParts, event: Event, brief: Brief, command: ParsedCommand): Promise<Receipt> {
  await parts.keys.renew(brief);
  const reply = await answerCommand(parts, event, brief, command);
  answerWithNote(parts, event, brief, reply);
  return { status: "accepted", state: "done", runId: event.id, reply };
}

/** A plain yes or no to what a call asked; like a command it becomes no turn. */
export async function runPlainWord(parts: SessionParts, event: Event, brief: Brief, word: PlainWord): Promise<Receipt> {
  const reply = await answerPlainWord(parts, event, word);
  answerWithNote(parts, event, brief, reply);
  return { status: "accepted", state: "done", runId: event.id, reply };
}

/** A command that its sender may not use is answered with one sentence and nothing else. */
export function refuseCommand(parts: SessionParts, event: Event, brief: Brief, command: ParsedCommand): Receipt {
  const known = (brief.commands ?? []).filter((name) => commands.some((candidate) => candidate.name === name));
  const rest = known.length > 0 ? ` You can use ${known.map((name) => `/${name}`).join(", ")}.` : "";
  const reply = `/${command.name} is not yours to use here.${rest}`;
  answerWithNote(parts, event, brief, reply);
  return { status: "accepted", state: "done", runId: event.id, reply };
}

/** A new start in place: the running turn ends, the window moves to the end, the old entries stay readable. */
export function resetSession(parts: SessionParts): void {
  stopTurn(parts);
  dropWaiting(parts, "The talk was started afresh.");
  parts.commit(() => {
    const entry = parts.transcript.add(
      { kind: "note", text: "A new talk begins here.", label: "new", isForModel: false },
      parts.now(),
    );
    parts.profile.change({ windowSeq: entry.seq + 1, contextTokens: undefined, title: undefined }, parts.now());
    parts.publisher.tell({ type: "entry", entry }, { withRow: true });
  });
}

/** Changes what the person chose for this session. Answers a sentence when a value cannot be. */
export function patchSession(parts: SessionParts, patch: SessionPatch, brief?: Brief): string | undefined {
  if (patch.model) {
    const resolved = resolveModel(patch.model, brief?.providers ?? {}, parts.models.env);
    if ("reason" in resolved) return resolved.reason;
  }
  if (patch.thinking && !THINKING_LEVELS.some((level) => level === patch.thinking)) {
    return `"${patch.thinking}" is no thinking level. Choose one of ${THINKING_LEVELS.join(", ")}.`;
  }
  if (patch.queueMode && !QUEUE_MODES.some((mode) => mode === patch.queueMode)) {
    return `"${patch.queueMode}" is no queue mode. Choose one of ${QUEUE_MODES.join(", ")}.`;
  }
  if (patch.verbose && !VERBOSE_LEVELS.includes(patch.verbose)) return oneOf(patch.verbose, VERBOSE_LEVELS);
  if (patch.reasoning && !REASONING_LEVELS.includes(patch.reasoning)) return oneOf(patch.reasoning, REASONING_LEVELS);
  const { model, ...rest } = patch;
  const change = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value ?? undefined]));
  parts.profile.change({ ...change, ...(model === undefined ? {} : { modelOverride: model ?? undefined }) }, parts.now());
  return undefined;
}

async function answerCommand(parts: SessionParts, event: Event, brief: Brief, command: ParsedCommand): Promise<string> {
  const args = command.args;
  switch (command.name) {
    case "new":
    case "reset":
      resetSession(parts);
      return "A new talk. What is it about?";
    case "stop": {
      const stopped = stopTurn(parts);
      const dropped = dropWaiting(parts, "Stopped by /stop.");
      if (stopped.length + dropped.length === 0) return "Nothing is running.";
      return `Stopped.${dropped.length > 0 ? ` ${dropped.length} waiting message(s) dropped.` : ""}`;
    }
    case "status":
      return table(describeStatus(parts, brief));
    case "usage":
      return table(describeUsage(parts, brief));
    case "whoami":
      return `${sayWho(event)} This session is ${brief.sessionKey}, the agent is ${brief.agentName}.`;
    case "activation":
      return chooseActivation(parts, brief, args);
    case "pairing":
      return answerPairing(parts, event, brief, args);
    case "approve":
      return answerApprove(parts, event, brief, args);
    case "exec":
      return answerExec(parts, event, brief, args);
    case "elevated":
      return answerElevated(parts, event, brief, args);
    case "model":
      return chooseByWord(parts, brief, args);
    case "models":
      return modelList(parts, brief);
    case "think":
      return chooseThinking(parts, brief, args);
    case "queue":
      if (args === "")
        return `Queue mode: ${parts.profile.get().queueMode ?? brief.queue.mode}. Modes: ${QUEUE_MODES.join(", ")}.`;
      return patchSession(parts, { queueMode: args === "default" ? null : args }) ?? `Queue mode is now ${args}.`;
    case "reasoning":
      if (args === "")
        return `The model's thinking is shown: ${parts.profile.get().reasoning ?? "on"}. Choose one of ${REASONING_LEVELS.join(", ")}.`;
      return (
        patchSession(parts, { reasoning: args === "default" ? null : args }) ?? `The model's thinking is now shown: ${args}.`
      );
    case "verbose":
      if (args === "")
        return `Tools are told: ${parts.profile.get().verbose ?? "on"}. Choose one of ${VERBOSE_LEVELS.join(", ")}.`;
      return patchSession(parts, { verbose: args === "default" ? null : args }) ?? `Tools are now told: ${args}.`;
    case "context":
      if (args !== "" && args !== "detail") return `"${args}" is nothing /context knows; write /context or /context detail.`;
      return table(await describeContext(parts, brief, args === "detail"));
    case "export-session":
      return exportTalk(parts, args);
    case "compact": {
      if (parts.turns.open()) return "A turn is running. Wait for it, or /stop it, then /compact.";
      const done = await compactNow(parts, brief, choiceOf(parts, brief).models, { ...(args ? { focus: args } : {}) });
      return done.compacted
        ? `Summarised: about ${done.tokensBefore} tokens became ${done.tokensAfter}. The old talk stays readable.`
        : (done.reason ?? "Nothing to do.");
    }
    case "help":
      return `Write what you need; I can read and write files, remember, run shell commands, fetch pages and more. I go on where I was after any interruption.\n\n${commandList(brief)}`;
    case "commands":
      return commandList(brief);
    default:
      return command.name satisfies never;
  }
}

function oneOf(word: string, words: readonly string[]): string {
  return `"${word}" is none of ${words.join(", ")}.`;
}

function chooseByWord(parts: SessionParts, brief: Brief, args: string): string {
  if (args === "") {
    const choice = choiceOf(parts, brief);
    const model = choice.models[0];
    return `${model ? `Model: ${model.ref} (${choice.why}).` : "No model."}${choice.advice ? ` ${choice.advice}` : ""} Choose another with /model provider/model; /models lists them.`;
  }
  const refused = patchSession(parts, { model: args === "default" ? null : args }, brief);
  if (refused) return refused;
  parts.publisher.tell({ type: "model", model: args }, { withRow: true });
  return args === "default" ? "This session uses the default model again." : `This session now uses ${args}.`;
}

function chooseThinking(parts: SessionParts, brief: Brief, args: string): string {
  const model = choiceOf(parts, brief).models[0];
  const isDeaf = model?.isReasoning === false;
  const now = parts.profile.get().thinking ?? brief.thinking ?? "the model's own";
  if (args === "") {
    return isDeaf
      ? `${model.ref} answers without thinking first, so there is no level to choose. Choose a model that thinks with /model.`
      : `Thinking: ${now}. Levels${model ? ` of ${model.ref}` : ""}: ${THINKING_LEVELS.join(", ")}.`;
  }
  const refused = patchSession(parts, { thinking: args === "default" ? null : args });
  if (refused) return refused;
  const said = args === "default" ? "Thinking is as the settings say again." : `Thinking is now ${args}.`;
  return isDeaf ? `${said} ${model.ref} answers without thinking first; it counts for models that think.` : said;
}

function modelList(parts: SessionParts, brief: Brief): string {
  const listed = listModels({
    overrides: brief.providers,
    env: parts.models.env,
    hasWorkersAi: parts.models.ai !== undefined,
  }).filter((model) => model.isAvailable);
  return listed.map((model) => `- \`${model.ref}\` ${model.name}`).join("\n");
}

function sayWho(event: Event): string {
  if (event.kind !== "message") return "";
  const { sender, from } = event.message;
  if (sender.isOwner) return "You are the owner.";
  return `You are ${sender.name ?? sender.id}, a guest (${from.channel}:${sender.id}).`;
}

function chooseActivation(parts: SessionParts, brief: Brief, args: string): string {
  if (brief.place?.kind !== "group") return "This holds for groups; in a direct talk every message is answered.";
  const present = parts.profile.get().activation ?? brief.place.activation;
  if (args === "") return `Answered here: ${sayActivation(present)} Choose with /activation mention, always or default.`;
  if (args !== "mention" && args !== "always" && args !== "default") return oneOf(args, ["mention", "always", "default"]);
  parts.profile.change({ activation: args === "default" ? undefined : args }, parts.now());
  return `From now on: ${sayActivation(args === "default" ? brief.place.activation : args)}`;
}

function sayActivation(activation: string): string {
  return activation === "always" ? "every message." : "what mentions me or answers me.";
}

function commandList(brief: Brief): string {
  return commands
    .filter((command: Command) => brief.commands?.includes(command.name) ?? true)
    .map((command: Command) => `- \`/${command.name}${command.args ? ` ${command.args}` : ""}\` ${command.description}`)
    .join("\n");
}

function table(facts: Record<string, string>): string {
  return Object.entries(facts)
    .map(([name, value]) => `**${name}:** ${value}`)
    .join("  \n");
}

function answerWithNote(parts: SessionParts, event: Event, brief: Brief, reply: string): void {
  if (event.kind !== "message") return;
  const asked = textOf(event.message.parts);
  const now = parts.now();
  const runId = event.id;
  const entry = parts.commit(() => {
    queueReply(parts, event, brief, reply);
    return parts.transcript.add({ kind: "note", text: reply, label: asked.slice(0, 200), isForModel: false }, now);
  });
  if (parts.outbox.nextAt() !== undefined) parts.alarm.setFor(now + GUARD_MS);
  parts.publisher.tell({ type: "entry", entry }, { runId });
  parts.publisher.tell(
    {
      type: "turn-ended",
      outcome: "done",
      text: reply,
      spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, costUsd: 0 },
      startedAt: now,
      endedAt: now,
    },
    { runId, withRow: true },
  );
}

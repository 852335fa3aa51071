// `skerry chat`: one question and its answer, or a talk line by line. Ctrl-C stops the turn; again, or at rest, it leaves.
import { createInterface } from "node:readline";
import type { Reach } from "../connection.ts";
import { Conversation, type Outcome } from "./conversation.ts";
import { EXIT, explainFailure } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

export interface ChatRequest {
  reach: Reach;
  session: string;
  version: string;
  isJson: boolean;
  terminal: Terminal;
}

/** Asks once. The standard output carries the answer and nothing else, streamed only when a person watches. */
export async function askOnce(request: ChatRequest, message: string): Promise<number> {
  const { terminal, isJson } = request;
  const isStreaming = terminal.isWatched && !isJson;
  const conversation = openConversation(request, isStreaming);
  const interruption = listenForInterruption(conversation);
  try {
    await conversation.open();
    const outcome = await Promise.race([conversation.say(message), interruption.left]);
    if (outcome === "left") return EXIT.interrupted;
    if (isJson) terminal.print(JSON.stringify({ sessionKey: conversation.sessionKey, ...outcome }));
    else showOutcome(terminal, outcome, isStreaming);
    return exitCodeOf(outcome);
  } finally {
    interruption.end();
    conversation.close();
  }
}

/** Talks until the input ends or the person leaves. */
export async function talk(request: ChatRequest): Promise<number> {
  const { terminal } = request;
  const conversation = openConversation(request, true);
  await conversation.open();
  terminal.remark(`${conversation.sessionKey} at ${request.reach.url} · /help lists commands, Ctrl-C stops, Ctrl-D leaves`);

  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: "› ", historySize: 200 });
  let isStopping = false;
  let open = 0;
  lines.on("SIGINT", () => {
    if (!conversation.isBusy || isStopping) {
      lines.close();
      return;
    }
    isStopping = true;
    terminal.remark("Stopping; Ctrl-C again leaves.");
    conversation.stop().catch(() => undefined);
  });
  lines.on("line", (line) => {
    const message = line.trim();
    if (message === "") {
      if (open === 0) lines.prompt();
      return;
    }
    if (message === "/exit" || message === "/quit") {
      lines.close();
      return;
    }
    open++;
    conversation
      .say(message)
      .then((outcome) => {
        if (open === 1) showOutcome(terminal, outcome, true);
      })
      .catch((error: unknown) => terminal.remark(explainFailure(error, request.reach.url)?.text ?? String(error), "red"))
      .finally(() => {
        open--;
        isStopping = false;
        if (open === 0) lines.prompt();
      });
  });
  lines.prompt();
  await new Promise<void>((done) => lines.once("close", done));
  terminal.endLine();
  conversation.close();
  return EXIT.ok;
}

function openConversation(request: ChatRequest, isStreaming: boolean): Conversation {
  const { terminal } = request;
  const listeners = isStreaming
    ? {
        onText: (delta: string) => terminal.stream(delta),
        onTextReset: () => terminal.endLine(),
        onStep: () => terminal.endLine(),
      }
    : {};
  return new Conversation(request.reach, request.session, request.version, {
    ...listeners,
    onCall: (call) => !request.isJson && terminal.showCall(call),
    onStatus: (text) => !request.isJson && terminal.remark(`  ${text}`),
    onConnection: (state) => terminal.remark(state === "lost" ? "Connection lost; trying again." : "Connected again."),
  });
}

function showOutcome(terminal: Terminal, outcome: Outcome, isStreamed: boolean): void {
  if (isStreamed && !outcome.isReply) terminal.endLine();
  else if (outcome.text !== "") terminal.print(outcome.text);
  if (outcome.status === "stopped") terminal.remark("Stopped.");
  if (outcome.status === "failed") terminal.remark(outcome.error ?? "The turn failed.", "red");
}

function exitCodeOf(outcome: Outcome): number {
  switch (outcome.status) {
    case "done":
      return EXIT.ok;
    case "stopped":
      return EXIT.interrupted;
    case "failed":
      return EXIT.failed;
    default:
      return outcome.status satisfies never;
  }
}

/** The first Ctrl-C stops the turn, the second leaves without waiting for it. */
function listenForInterruption(conversation: Conversation): { left: Promise<"left">; end(): void } {
  let hear: () => void = () => undefined;
  const left = new Promise<"left">((leave) => {
    let isStopping = false;
    hear = () => {
      if (isStopping || !conversation.isBusy) leave("left");
      isStopping = true;
      conversation.stop().catch(() => leave("left"));
    };
    process.on("SIGINT", hear);
  });
  return { left, end: () => process.off("SIGINT", hear) };
}

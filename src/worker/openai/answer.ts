// A turn's answer as it comes: text that only adds, then how it ended. Follows the session's live events; when that
// line breaks (the session was restarted), it is taken up again and nothing is lost or said twice.
import { NO_SPEND, type Spend } from "../../contract/entry.ts";
import { ApiRefused } from "../../contract/errors.ts";
import type { LiveEvent } from "../../contract/live.ts";
import { AnswerText } from "./answer-text.ts";
import { refusalOf } from "./refusals.ts";
import { StopEdge } from "./stop-edge.ts";
import type { House, Turn } from "./turn.ts";

export interface Ended {
  /** The whole answer, without what was withdrawn on the way. */
  text: string;
  finish: "stop" | "length";
  spend: Spend;
}

const MOST_BREAKS = 6;
const FIRST_PAUSE_MS = 150;

/** Yields pieces of text, none empty. @throws ApiRefused when the turn did not end well. */
export async function* followAnswer(house: House, turn: Turn, stop: readonly string[]): AsyncGenerator<string, Ended> {
  if (turn.reply !== undefined) {
    yield turn.reply;
    return { text: turn.reply, finish: "stop", spend: NO_SPEND };
  }
  const answer = new AnswerText();
  const edge = new StopEdge(stop);
  let finish: Ended["finish"] = "stop";
  for await (const event of followRun(house, turn)) {
    const wasReached = edge.isReached;
    const piece = edge.push(answer.take(event));
    if (piece !== "") yield piece;
    if (edge.isReached && !wasReached && turn.isOneOff) await house.session(turn.sessionKey).stop(turn.runId);
    if (event.type === "entry" && event.entry.kind === "assistant")
      finish = event.entry.stopReason === "length" ? "length" : "stop";
    if (event.type === "inbox" && event.state === "dropped") {
      throw new ApiRefused({
        status: 503,
        code: "dropped",
        message: event.reason ?? "The message was dropped before its turn came; send it again.",
      });
    }
    if (event.type !== "turn-ended") continue;
    const rest = edge.flush();
    if (rest !== "") yield rest;
    const whole = new StopEdge(stop);
    const text = whole.push(answer.whole()) + whole.flush();
    if (event.outcome !== "done" && !edge.isReached && (event.outcome !== "stopped" || text === "")) throw refusalOf(event.error);
    return { text, finish: edge.isReached ? "stop" : finish, spend: event.spend };
  }
  throw new ApiRefused({ status: 503, code: "lost", message: "The session ended while it answered; ask again." });
}

async function* followRun(house: House, turn: Turn): AsyncGenerator<LiveEvent> {
  for (let breaks = 0; breaks < MOST_BREAKS; breaks += 1) {
    if (breaks > 0) await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** breaks));
    try {
      const lines = await house.session(turn.sessionKey).watch(turn.runId, { stopOnLeave: turn.isOneOff });
      for await (const event of readEvents(lines)) {
        yield event;
        breaks = 0;
        if (event.type === "turn-ended") return;
      }
    } catch (error) {
      // The session goes on by itself after a restart; what it says by then is told first.
      console.warn("the line to a session broke", turn.sessionKey, error);
    }
  }
}

async function* readEvents(lines: ReadableStream<Uint8Array>): AsyncGenerator<LiveEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of lines) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      // An empty line is a sign of life.
      if (end > 0) yield JSON.parse(rest.slice(0, end)) as LiveEvent;
      rest = rest.slice(end + 1);
    }
  }
}

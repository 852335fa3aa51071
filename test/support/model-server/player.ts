// Plays a script on a wire: the same for HTTP and for the binding. Timed by the clock, not by adding pauses, so that a
// rate is kept over a long answer.
import { type Ending, nextId, type PlayedUsage, type Writer } from "./protocol.ts";
import { callsOf, type Fault, type Script, wordsOf } from "./script.ts";

export interface Wire {
  /** Answers false when nobody listens any more. */
  send(text: string): boolean;
  /** Cuts the connection. */
  drop(): void;
  /** Ends the stream in order. */
  end(): void;
  noteFirstToken(): void;
  isGone(): boolean;
}

export interface Show {
  script: Script;
  fault: Fault | undefined;
  round: number;
  hasTools: boolean;
  chars: number;
}

export async function play(writer: Writer, wire: Wire, show: Show): Promise<void> {
  const { script, fault } = show;
  const calls = show.hasTools ? callsOf(script, show.round) : [];
  const words = calls.length > 0 ? wordsOf({ ...script, say: script.before ?? 0 }) : wordsOf(script);
  const usage = usageOf(script, words.length, show.chars);
  if (fault === "silence" && script.at === undefined) return;
  if (fault === "empty" || fault === "refusal") {
    wire.send(writer.open(usage) + writer.close(fault === "refusal" ? "refusal" : "stop", { ...usage, output: 0 }));
    wire.end();
    return;
  }
  const breaksAt = fault === undefined ? Number.POSITIVE_INFINITY : Math.min(script.at ?? 3, words.length);
  const opening = writer.open(usage) + (script.think ? writer.think(script.think) : "");
  const isCut = await sayAll(writer, wire, script, words, opening, breaksAt);
  if (isCut) {
    breakOff(writer, wire, fault, script);
    return;
  }
  const called = calls.map((call) => writer.call({ id: nextId("call"), ...call })).join("");
  const ending: Ending = calls.length > 0 ? "tools" : (script.stop ?? "stop");
  if (called !== "") wire.noteFirstToken();
  wire.send(called + writer.close(ending, usage));
  wire.end();
}

/** Says the words at their rate. Answers true when the fault's place was reached. */
async function sayAll(
  writer: Writer,
  wire: Wire,
  script: Script,
  words: string[],
  opening: string,
  breaksAt: number,
): Promise<boolean> {
  const { rate = 0 } = script;
  const said = words.slice(0, breaksAt);
  if (rate === 0) {
    if (said.length > 0) wire.noteFirstToken();
    wire.send(opening + said.map((word) => writer.say(stamped(word, script))).join(""));
    return breaksAt !== Number.POSITIVE_INFINITY;
  }
  wire.send(opening);
  const startedAt = performance.now();
  for (const [index, word] of said.entries()) {
    const waitMs = startedAt + (index * 1000) / rate - performance.now();
    if (waitMs > 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (wire.isGone()) return true;
    if (index === 0) wire.noteFirstToken();
    wire.send(writer.say(stamped(word, script)));
  }
  return breaksAt !== Number.POSITIVE_INFINITY;
}

function breakOff(writer: Writer, wire: Wire, fault: Fault | undefined, script: Script): void {
  if (fault === "drop") wire.drop();
  else if (fault === "end") wire.end();
  else if (fault === "garbled") {
    wire.send('event: message_delta\ndata: {"type":"mess\u0000age_delta","de\n\n');
    wire.end();
  } else if (fault === "error-event") {
    wire.send(writer.errorEvent(script.message ?? "Overloaded"));
    wire.end();
  }
}

function stamped(word: string, script: Script): string {
  return script.stamp ? `t${(performance.timeOrigin + performance.now()).toFixed(3)} ` : word;
}

function usageOf(script: Script, words: number, chars: number): PlayedUsage {
  return {
    input: script.usage?.input ?? Math.ceil(chars / 4),
    output: script.usage?.output ?? Math.max(1, words),
    cacheRead: script.usage?.cacheRead ?? 0,
    cacheWrite: script.usage?.cacheWrite ?? 0,
  };
}

// The words around the table in docs/benchmark.md: what was measured, on what, and how to read it.
import { readFileSync } from "node:fs";
import type { Machine } from "./machine.ts";
import { countVerdicts, type Peer, type Report, writeSection, writeTable } from "./table.ts";

export function writePage(machine: Machine, own: Report, peer: Peer | undefined): string {
  const { reached, missed, missing } = countVerdicts(own);
  const beside = peer
    ? `Beside it, measured by the same client and model in the same run: ${peer.name}.`
    : "No OpenClaw was installed beside it in this run; set `OPENCLAW_BIN` to the path of its `openclaw.mjs` to have one measured too.";
  return `# Benchmark

\`npm run bench\` measures all of this and writes this page. ${reached} figures reached, ${missed} missed, ${missing} not measured.
${beside}

${writeTable(own, peer)}

${(own.sections ?? []).map(writeSection).join("\n\n")}

${missed > 0 ? readFileSync(new URL("./missed.md", import.meta.url), "utf8").trim() : ""}

## Machine

- ${machine.date}
- ${machine.processor}
- ${machine.versions}
- A page written is on the disk after ${machine.commitMs.toFixed(2)} ms; a turn waits for several.
- Load average before the run: ${machine.load.toFixed(2)}${machine.isBusy ? ", so **other work was going on**: these figures are worse than on a quiet machine" : ""}

## Method

Skerry is started by \`npm start\` from a finished build on an empty state folder; the model is a server on the same
machine that speaks Anthropic's Messages API and answers at once (or at the pace a message asks for). Client and model are one
process, so both ends of every interval come from one clock; that process shares the machine's cores with what it measures.
The client holds one socket and speaks the Gateway protocol.

- **Overhead** is the time from sending a message to the end of its turn, without the time between a request's arrival at the model and the end of the model's answer.
- **New session**: the session's object is made by this very message. **Calls** are \`read\` of a file in the workspace.
- **Token lag**: each word carries the time when it was written; its age is read when the delta with it arrives.
- **Turns/s**: each session says its next thing when its last turn has ended; every session is new; a failed turn is told in a note.
- **Earlier turns**: two sessions, one with 1,000 turns behind it and one with 10, are measured by turns; medians of 30 each.
- **Ready** is the Gateway's hello to a client that has been knocking since the command; **first answer** is the end of a turn after that. State folder and disk are warm.
- **SIGKILL** hits all processes in mid-stream; the time runs from the second \`npm start\` until the history holds the whole answer. The model answers the repeated request at once.
- **Memory** is the sum of resident memory of all processes below and including \`npm start\`; pages that two processes share count twice.
- **CPU** is what the scheduler counted for the same processes, over 20 turns a sample.
- **Start-up CPU** is that of the runtime with Skerry's Worker until \`/health\` answers, less the median of the same runtime with an empty Worker.
- **WebChat** loads in headless Chromium with an empty cache and a login made before; usable means that the composer takes input.
- **Telegram** is a server on the same machine that speaks the Bot API and refuses what the real one would; a person's message is posted to the webhook with its secret, direct talks are open to all. **Webhook → 200** ends when Skerry has answered, by when the message is stored; each of those messages is of somebody new.
- **1,000 webhooks in 10 s**: one every 10 ms, of 100 people who say 4, 15 or 20 things each; every twentieth is posted again after its 200. Afterwards every transcript is read: each message must be there once and the last word be an answer, and as many answers must stand in the chat as in the transcript.
- **Lighthouse**: simulated throttling (a phone four times as slow on slow 4G, a desktop), categories of 100; performance is the best of up to three tries, of which the second and third reckon a phone as Lighthouse asks for on a machine of this speed (the column of the slowdown says under which the best was measured).

Percentiles are samples that occurred; p90 is given from 10 samples on, p99 from 50. Samples of a figure are taken for a minute at most, for half a minute of a gateway beside it.
`;
}

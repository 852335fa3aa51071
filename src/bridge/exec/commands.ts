// exec.start and process.*: what a session may do with commands on this machine, in every place. The machine itself has a gate
// in front of it; a sandbox has its walls instead.
import { HomeRefused } from "../../contract/errors.ts";
import type { ExecAnswer, ExecStart, ProcessState } from "../../contract/home/commands.ts";
import type { CommandContext, HomeCommands } from "../home-command.ts";
import { type GateOptions, note, pass, takesInput } from "./gate.ts";
import type { Kept } from "./kept.ts";
import { bytesOfKeys } from "./keys.ts";
import { keyOf, type Processes } from "./processes.ts";

export interface ExecDeps {
  processes: Processes;
  gate: GateOptions;
}

const PROGRESS_MS = 500;
const PROGRESS_BYTES = 4_000;
/** Between writing and the answer: what it says to that. */
const ECHO_MS = 250;
/** So long it may take to read what is written to it. */
const READ_MS = 2_000;

export function execCommands({ processes, gate }: ExecDeps): HomeCommands {
  const starting = new Map<string, Promise<unknown>>();

  async function begin(params: ExecStart): Promise<{ kept: Kept } | { answer: ExecAnswer }> {
    const { sessionKey, processId, place, command, env, isPty, timeoutMs } = params;
    const there = processes.find(sessionKey, processId);
    if (there) return { kept: await there };
    const launch = { sessionKey, processId, place, command, env, isPty, timeoutMs, isInputClosed: !takesInput(params) };
    if (place.kind === "sandbox") {
      const workdir = params.workdir ?? "/workspace";
      const where = `sandbox ${place.key}`;
      const row = { sessionKey, processId, place: where, command, workdir, verdict: "ran: in a sandbox" };
      const auditId = note(gate.ledger, { ...row, at: gate.now() });
      return { kept: await processes.start({ ...launch, text: command, workdir: params.workdir, auditId }) };
    }
    const passed = await pass(params, keyOf(sessionKey, processId), gate);
    if (passed.outcome === "not") return passed;
    const { text, workdir, auditId } = passed;
    return { kept: await processes.start({ ...launch, text, workdir, auditId }) };
  }

  /** What a shell on the machine itself is told is a command like others, and stands in the audit log. */
  function noteTyped({ row }: Kept, text: string): void {
    if (row.place !== "home") return;
    const { sessionKey, processId } = row;
    const typed = { sessionKey, processId, place: "home", command: text, workdir: "", verdict: `typed into ${processId}` };
    gate.ledger.auditEnd(note(gate.ledger, { ...typed, at: gate.now() }), "", gate.now());
  }

  return {
    "exec.start": async (params, context) => {
      // The same id twice at once is one question, or one process.
      const key = keyOf(params.sessionKey, params.processId);
      const turn = (starting.get(key) ?? Promise.resolve()).then(() => {
        context.signal.throwIfAborted();
        return begin(params);
      });
      const quiet = turn.catch(() => undefined);
      starting.set(key, quiet);
      const begun = await turn.finally(() => starting.get(key) === quiet && starting.delete(key));
      return "answer" in begun ? begun.answer : follow(begun.kept, params.yieldMs, context);
    },
    "process.list": async (whose) => ({ processes: processes.list(whose).map(view) }),
    "process.poll": async ({ since, waitMs, ...whose }, { signal }) => {
      const kept = await processes.need(whose);
      await kept.wait(waitMs, () => (kept.output?.bytes ?? 0) > since, signal);
      return kept.state(since);
    },
    "process.log": async ({ from, lines, ...whose }) => {
      const kept = await processes.need(whose);
      return kept.log(from, lines);
    },
    "process.write": async ({ data, isEnd, ...whose }, { signal }) => {
      const kept = await processes.need(whose);
      const { process } = kept;
      if (kept.isInputClosed) {
        throw new HomeRefused(
          "CONFLICT",
          "Its input was closed when it began. To write to a command, start it in the background or with a terminal (pty).",
        );
      }
      noteTyped(kept, data);
      return answer(kept, signal, async () => {
        if (data !== "") await process.write(new TextEncoder().encode(data));
        if (isEnd) await process.endInput();
      });
    },
    "process.keys": async ({ keys, ...whose }, { signal }) => {
      const kept = await processes.need(whose);
      const { process } = kept;
      const bytes = bytesOfKeys(keys);
      noteTyped(kept, keys.join(" "));
      return answer(kept, signal, () => process.write(bytes));
    },
    "process.kill": async ({ signal, ...whose }) => {
      const kept = await processes.need(whose);
      if (kept.isRunning) await kept.signal(signal);
      return kept.state();
    },
  };
}

/** Shows its output while it comes, and answers when it ended or has gone on for long enough. */
async function follow(kept: Kept, yieldMs: number, { signal, progress }: CommandContext): Promise<ProcessState> {
  let shownBytes = 0;
  const show = () => {
    const bytes = kept.output?.bytes ?? 0;
    if (bytes === shownBytes) return;
    shownBytes = bytes;
    progress(kept.output?.tail(PROGRESS_BYTES) ?? "");
  };
  const timer = setInterval(show, PROGRESS_MS);
  try {
    await kept.wait(yieldMs, () => false, signal);
  } finally {
    clearInterval(timer);
  }
  // Whoever began it does not want it any more.
  if (signal.aborted && kept.isRunning) await kept.end("It was called off.");
  return kept.state();
}

/** Whoever does not read is not waited for: what was written waits in the pipe, and must not be written twice. */
async function answer(kept: Kept, signal: AbortSignal, write: () => Promise<void>): Promise<ProcessState> {
  const before = kept.output?.bytes ?? 0;
  let isRead = false;
  const written = write().then(() => {
    isRead = true;
  });
  const late = new Promise<void>((resolve) => {
    setTimeout(resolve, READ_MS).unref();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([written, late]);
  if (!isRead) {
    // Should it fail later, the process ended before it read all of it.
    void written.catch(() => undefined);
    const state = kept.state(before);
    return { ...state, output: `${state.output}\n[It has not read all of that yet. It waits there; do not write it again.]\n` };
  }
  await kept.wait(ECHO_MS, () => (kept.output?.bytes ?? 0) > before, signal);
  return kept.state(before);
}

/** In a list the last lines are enough. */
function view(kept: Kept): ProcessState {
  return { ...kept.state(), output: kept.output?.tail(400) ?? "" };
}

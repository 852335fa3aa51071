// Watchdog of one attempt: a model that falls silent is cut off, its request aborted, and the failure has the kind
// "timeout". The limit is generous until text flows, because models think, and short after that.
// Contract: forwards every delta at once and returns the reply; a late answer after the cut is dropped.
import { ModelFailure } from "../../contract/errors.ts";
import type { ModelDelta, ModelReply, ModelRequest, Provider, ProviderDeps } from "./port.ts";

export interface StallLimits {
  /** Longest silence before and between deltas, ms. */
  idleMs: number;
  /** Longest silence once text or arguments were flowing. */
  flowingIdleMs: number;
}

export const DEFAULT_STALL_LIMITS: StallLimits = { idleMs: 60_000, flowingIdleMs: 20_000 };

export async function* watchStalls(
  provider: Provider,
  request: ModelRequest,
  deps: ProviderDeps,
  limits: StallLimits = DEFAULT_STALL_LIMITS,
): AsyncGenerator<ModelDelta, ModelReply> {
  const attempt = new AbortController();
  const stop = () => attempt.abort(request.signal.reason);
  if (request.signal.aborted) stop();
  request.signal.addEventListener("abort", stop, { once: true });
  const watch = startWatch(request.model.ref, limits);
  const stream = provider({ ...request, signal: attempt.signal }, deps);
  let isOver = false;
  try {
    while (true) {
      const step = await Promise.race([stream.next(), watch.silence, aborted(attempt.signal)]);
      if (step.done) {
        isOver = true;
        return step.value;
      }
      watch.note(step.value);
      yield step.value;
    }
  } catch (error) {
    attempt.abort(error);
    throw error;
  } finally {
    watch.end();
    request.signal.removeEventListener("abort", stop);
    if (!isOver) {
      if (!attempt.signal.aborted) attempt.abort(new DOMException("No longer wanted", "AbortError"));
      // The generator may hang in a fetch that ignores its signal: it is told to end, and not waited for.
      stream.return(undefined as never).catch(() => undefined);
    }
  }
}

function startWatch(model: string, limits: StallLimits) {
  const shortLimit = Math.min(limits.idleMs, limits.flowingIdleMs);
  let limit = limits.idleMs;
  let lastAt = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let fail: (failure: ModelFailure) => void = () => undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  silence.catch(() => undefined);
  // One timer that looks at the clock, not one per delta: a fast stream has thousands of them.
  const check = () => {
    const leftMs = lastAt + limit - Date.now();
    if (leftMs > 0) {
      timer = setTimeout(check, leftMs);
      return;
    }
    fail(new ModelFailure({ kind: "timeout", model, said: `silent for ${Math.round(limit / 100) / 10} s` }));
  };
  timer = setTimeout(check, shortLimit);
  return {
    silence,
    note(delta: ModelDelta) {
      lastAt = Date.now();
      limit = isFlowing(delta) ? shortLimit : limits.idleMs;
    },
    end() {
      clearTimeout(timer);
    },
  };
}

function isFlowing(delta: ModelDelta): boolean {
  return delta.type === "text" || delta.type === "call-args";
}

const abortions = new WeakMap<AbortSignal, Promise<never>>();

/** Rejects with the signal's reason when it aborts. One promise a signal. */
function aborted(signal: AbortSignal): Promise<never> {
  const known = abortions.get(signal);
  if (known) return known;
  const made = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  made.catch(() => undefined);
  abortions.set(signal, made);
  return made;
}

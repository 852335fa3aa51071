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
  const cutter = new Cutter();
  const watch = startWatch(request.model.ref, limits, (failure) => cutter.cut(failure));
  attempt.signal.addEventListener("abort", () => cutter.cut(attempt.signal.reason), { once: true });
  if (attempt.signal.aborted) cutter.cut(attempt.signal.reason);
  const stream = provider({ ...request, signal: attempt.signal }, deps);
  let isOver = false;
  try {
    while (true) {
      const step = await cutter.orCut(stream.next());
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

/** Lets one promise at a time be cut short. A race against a promise that never settles would grow with every delta. */
class Cutter {
  #reason: { error: unknown } | undefined;
  #reject: ((error: unknown) => void) | undefined;

  cut(error: unknown): void {
    this.#reason ??= { error };
    this.#reject?.(error);
  }

  orCut<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#reason) reject(this.#reason.error);
      promise.then(resolve, reject);
    });
  }
}

function startWatch(model: string, limits: StallLimits, fail: (failure: ModelFailure) => void) {
  const shortLimit = Math.min(limits.idleMs, limits.flowingIdleMs);
  let limit = limits.idleMs;
  let lastAt = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
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

// A request that must not hang: it is given a signal until it is answered, and not a moment longer. In a Worker a signal that fires
// afterwards cuts the socket that came with the answer.

/** `signal` cuts it short as well. */
export async function within<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(new DOMException("It did not answer in time.", "TimeoutError")), ms);
  const stop = () => cut.abort(signal?.reason);
  signal?.addEventListener("abort", stop);
  try {
    return await ask(cut.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

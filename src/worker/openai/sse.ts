// Server-sent events out of a generator. The answer's head waits a moment for the first piece, so that what fails at
// once fails with its status. Comments keep the line alive while the agent works; a client that hangs up ends it.
const PATIENCE_MS = 2_000;
const KEEP_ALIVE_MS = 5_000;

const encoder = new TextEncoder();

export function formatEvent(data: unknown, event?: string): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return event === undefined ? `data: ${text}\n\n` : `event: ${event}\ndata: ${text}\n\n`;
}

/** Rejects when the generator fails within the first moment. Later it must not throw: it says so in its events. */
export async function streamEvents(events: AsyncGenerator<string>, headers: Record<string, string>): Promise<Response> {
  const first = events.next();
  let patience: ReturnType<typeof setTimeout> | undefined;
  const moment = new Promise<void>((resolve) => {
    patience = setTimeout(resolve, PATIENCE_MS);
  });
  try {
    await Promise.race([first, moment]);
  } finally {
    clearTimeout(patience);
  }
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const say = (text: string) => writer.write(encoder.encode(text));
  const pump = async () => {
    // Also finds out, while the agent is silent, that nobody listens: the runtime then ends this request, and with it
    // the line to the session.
    const keepAlive = setInterval(() => void say(": working\n\n").catch(() => undefined), KEEP_ALIVE_MS);
    try {
      for (let step = await first; !step.done; step = await events.next()) await say(step.value);
      await writer.close();
    } catch (error) {
      // The client hung up, or the generator broke: either way nobody is told any more.
      await writer.abort(error).catch(() => undefined);
    } finally {
      clearInterval(keepAlive);
      await events.return(undefined).catch(() => undefined);
    }
  };
  void pump();
  return new Response(readable, {
    headers: {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

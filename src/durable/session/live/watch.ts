// Whoever watches one run directly, each over a stream of lines. They hear everything as it is told, whether or not a
// screen is there; one that does not read is given up, never waited for. The stream ends with its run.
import type { LiveEvent } from "../../../contract/live.ts";

/** More than this unread means that nobody reads. */
const MAX_BYTES_UNREAD = 4_000_000;

const HEARTBEAT_MS = 3_000;

interface Watcher {
  runId: string;
  tell(event: LiveEvent): void;
}

const encoder = new TextEncoder();

export class Watchers {
  readonly #watchers = new Set<Watcher>();

  /** `story`: what there is already; undefined: there is no such run. `leave` is called when the reader hangs up before the end. */
  open(runId: string, story: readonly LiveEvent[] | undefined, leave?: () => void): ReadableStream<Uint8Array> {
    let watcher: Watcher | undefined;
    // However long the story is, it is sent whole.
    let storyBytes = Number.POSITIVE_INFINITY;
    let heartbeat: ReturnType<typeof setInterval> | undefined;
    const forget = () => {
      clearInterval(heartbeat);
      if (watcher) this.#watchers.delete(watcher);
    };
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        watcher = {
          runId,
          tell(event) {
            controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
            const isOver = isLast(event);
            const isUnread = (controller.desiredSize ?? 0) < -MAX_BYTES_UNREAD - storyBytes;
            if (isOver || isUnread) forget();
            if (isOver) controller.close();
            else if (isUnread) controller.error(new Error("The watcher does not read."));
          },
        };
        this.#watchers.add(watcher);
        if (!story) {
          forget();
          controller.close();
        }
        for (const event of story ?? []) watcher.tell(event);
        // A line that is silent does not notice that its reader has gone.
        if (leave && this.#watchers.has(watcher)) {
          heartbeat = setInterval(() => controller.enqueue(encoder.encode("\n")), HEARTBEAT_MS);
        }
        storyBytes = Math.max(0, -(controller.desiredSize ?? 0));
      },
      cancel: () => {
        forget();
        leave?.();
      },
    });
  }

  tell(event: LiveEvent): void {
    for (const watcher of this.#watchers) if (watcher.runId === event.runId) watcher.tell(event);
  }
}

function isLast(event: LiveEvent): boolean {
  return event.type === "turn-ended" || (event.type === "inbox" && event.state === "dropped");
}

// The way to Skerry by HTTP, with this machine's own token: for bytes, which never go through the socket.
import { HomeRefused } from "../../contract/errors.ts";

/** How long nothing may come. */
const TIMEOUT_MS = 120_000;
/** What is sent has as much time more as a line of this speed needs for it: how far it got cannot be seen. */
const SLOWEST_BYTES_PER_MS = 32;

/** Asks below /home. Contract: any answer of Skerry is answered, refusals too; @throws HomeRefused when there is none. */
export type HomeDoor = (path: string, init: RequestInit) => Promise<Response>;

export interface DoorOptions {
  url: string;
  /** Absent: Skerry did not let this machine in yet. */
  token(): string | undefined;
  /** For whatever stands in front of Skerry. */
  headers: Record<string, string>;
  timeoutMs?: number;
}

export function openDoor({ url, token, headers, timeoutMs = TIMEOUT_MS }: DoorOptions): HomeDoor {
  return async (path, init) => {
    const proof = token();
    if (proof === undefined) throw new HomeRefused("UNAVAILABLE", "This machine is not connected to Skerry just now.");
    const line = new AbortController();
    const timer = setTimeout(() => line.abort(), timeoutMs + sizeOf(init.body) / SLOWEST_BYTES_PER_MS);
    try {
      const answer = await fetch(`${url}/home${path}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${proof}`, ...init.headers },
        signal: line.signal,
      });
      return watchBody(answer, () => line.abort(), timeoutMs);
    } catch (error) {
      throw new HomeRefused("UNAVAILABLE", "Skerry could not be reached to pass the file on; try again.", error);
    } finally {
      clearTimeout(timer);
    }
  };
}

function sizeOf(body: RequestInit["body"]): number {
  if (body instanceof Blob) return body.size;
  return typeof body === "string" ? body.length : 0;
}

/** Gives up what stands still while somebody reads it. */
function watchBody(answer: Response, giveUp: () => void, timeoutMs: number): Response {
  const reader = answer.body?.getReader();
  if (!reader) return answer;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const timer = setTimeout(giveUp, timeoutMs);
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, answer);
}

/** Why Skerry refused: its code and its sentence. */
export async function reasonOf(answer: Response): Promise<{ code: string; message: string }> {
  const body: unknown = await answer.json().catch(() => undefined);
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  const told = typeof error === "object" && error !== null ? error : {};
  return {
    code: "code" in told ? String(told.code) : "FAILED",
    message: "message" in told ? String(told.message) : `Skerry answered ${answer.status} when a file was passed on.`,
  };
}

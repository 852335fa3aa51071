// The way to Skerry by HTTP, with this machine's own token: for bytes, which never go through the socket.
import { HomeRefused } from "../../contract/errors.ts";

const TIMEOUT_MS = 120_000;

/** Asks below /home. Contract: any answer of Skerry is answered, refusals too; @throws HomeRefused when there is none. */
export type HomeDoor = (path: string, init: RequestInit) => Promise<Response>;

export interface DoorOptions {
  url: string;
  /** Absent: Skerry did not let this machine in yet. */
  token(): string | undefined;
  /** For whatever stands in front of Skerry. */
  headers: Record<string, string>;
}

export function openDoor({ url, token, headers }: DoorOptions): HomeDoor {
  return async (path, init) => {
    const proof = token();
    if (proof === undefined) throw new HomeRefused("UNAVAILABLE", "This machine is not connected to Skerry just now.");
    try {
      return await fetch(`${url}/home${path}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${proof}`, ...init.headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new HomeRefused("UNAVAILABLE", "Skerry could not be reached to pass the file on; try again.", error);
    }
  };
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

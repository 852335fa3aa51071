// Who else is here, and who of them is writing in which session. What is written here is told to the others only while
// there are some; a word of writing holds for a few seconds, so that nobody seems to write for ever.

import type { EventFrame } from "../../contract/gateway.ts";
import { Signal } from "../state/signal.ts";
import type { Line } from "./courier.ts";

/** Another screen, command line or program that is connected. */
export interface Someone {
  instanceId?: string;
  host: string;
  mode: string;
  deviceFamily?: string;
  reason: string;
}

interface Writing {
  sessionKey: string;
  deviceFamily: string | undefined;
  timer: ReturnType<typeof setTimeout>;
}

const HOLDS_MS = 6_000;
const REPEAT_MS = 3_000;

export class Company extends Signal {
  readonly #line: Line;
  readonly #own: string;
  #others: readonly Someone[] = [];
  readonly #writing = new Map<string, Writing>();
  #toldAt = 0;
  #toldOf: string | undefined;

  /** `own`: the name of this page among those that are connected. */
  constructor(line: Line, own: string) {
    super();
    this.#line = line;
    this.#own = own;
  }

  get others(): readonly Someone[] {
    return this.#others;
  }

  /** On what somebody else is writing in that session just now; undefined: nobody is. */
  writingIn(sessionKey: string | undefined): "phone" | "screen" | undefined {
    const found = [...this.#writing.values()].find((one) => one.sessionKey === sessionKey);
    return found && (found.deviceFamily === "phone" ? "phone" : "screen");
  }

  load(presence: unknown): void {
    if (!Array.isArray(presence)) return;
    this.#others = (presence as Someone[]).filter(({ reason, instanceId }) => reason === "connect" && instanceId !== this.#own);
    const here = new Set(this.#others.map(({ instanceId }) => instanceId));
    for (const id of this.#writing.keys()) if (!here.has(id)) this.#forget(id);
    this.tell();
  }

  hear(frame: EventFrame): void {
    if (frame.event === "presence") this.load((frame.payload as { presence?: unknown }).presence);
    if (frame.event !== "session.typing") return;
    const { sessionKey, typing, actor } = frame.payload as {
      sessionKey: string;
      typing: boolean;
      actor: { id: string; deviceFamily?: string };
    };
    this.#forget(actor.id);
    if (typing) {
      const timer = setTimeout(() => {
        this.#forget(actor.id);
        this.tell();
      }, HOLDS_MS);
      this.#writing.set(actor.id, { sessionKey, deviceFamily: actor.deviceFamily, timer });
    }
    this.tell();
  }

  /** Tells the others that one writes here, or no longer does. */
  noteWriting(sessionKey: string, isWriting: boolean): void {
    const isTold = this.#toldOf === sessionKey && Date.now() - this.#toldAt < (isWriting ? REPEAT_MS : HOLDS_MS);
    if (isTold === isWriting || this.#others.length === 0 || this.#line.state.phase !== "ready") return;
    this.#toldOf = isWriting ? sessionKey : undefined;
    this.#toldAt = Date.now();
    this.#line.request("session.typing", { sessionKey, typing: isWriting }).catch(() => undefined);
  }

  #forget(id: string): void {
    clearTimeout(this.#writing.get(id)?.timer);
    this.#writing.delete(id);
  }
}

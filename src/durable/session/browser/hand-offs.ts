// The page of a tab that a call handed to a person: what they see, what they do, and that they are done. Good for as long as that very
// call waits. At home the bridge is asked; at the edge a line is kept for as long as somebody looks.
import type { Talk } from "../../../browser/talk.ts";
import { ToolFailure } from "../../../contract/errors.ts";
import { type BrowserFrame, browserFrame, type HandOffAnswer, type HandOffWish } from "../../../contract/home/hand-off.ts";
import { tagOf } from "../../hand-off-link.ts";
import { doneToken, type HandOffMemo } from "../../tools/browser/hand-off.ts";
import type { SessionParts } from "../parts.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { LineSocket } from "./edge.ts";

/** Nobody looked for so long: the line is dropped. A page that is looked at asks again within four seconds. */
const LOOKED_MS = 8_000;
const ANSWER_MS = 15_000;
/** Of each, what a hand-off may be asked in a second, by all who look: pictures leave room for what is done, and the other way round. */
const MOST_A_SECOND = 30;
const MOST_LOOKING = 4;

type Handed = NonNullable<HandOffMemo["page"]>;
interface Held {
  /** What its link names it by. */
  tag: string;
  call: PlannedCall;
  memo: HandOffMemo & { page: Handed };
}

export class HandOffs {
  readonly #parts: SessionParts;
  #view: Promise<View> | undefined;
  /** The hand-off that the view was opened for: another one has tabs and a policy of its own. */
  #viewTag = "";
  #asked = { second: 0, look: 0, do: 0 };
  #looking = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Contract: whoever asks has the link. Never rejects for what the person could not help. */
  async answer(tag: string, wish: HandOffWish): Promise<HandOffAnswer> {
    const held = await this.#find(tag);
    if (!held) return { outcome: "over" };
    if (wish.kind !== "done" && this.#isTooMuch(wish.kind)) return { outcome: "busy" };
    try {
      switch (wish.kind) {
        case "look":
          return await this.#look(tag, held, wish);
        case "do":
          await this.#do(held, wish.events);
          return { outcome: "taken" };
        case "done":
          return this.#takeBack(held);
        default:
          return wish satisfies never;
      }
    } catch (error) {
      if (!(await this.#find(tag))) return { outcome: "over" };
      if (error instanceof ToolFailure) return { outcome: "failed", message: error.message };
      throw error;
    }
  }

  /** The waiting call that the link is for. */
  async #find(tag: string): Promise<Held | undefined> {
    const parts = this.#parts;
    const turn = parts.profile.exists ? parts.turns.open() : undefined;
    if (!turn || turn.isStopAsked) return undefined;
    for (const call of parts.calls.open(turn.id)) {
      if (call.name !== "browser" || call.wait?.waitsFor !== "person") continue;
      // Written by the tool's hand-off.
      const memo = call.wait.memo as HandOffMemo;
      if (memo.page && memo.endsAt > parts.now() && (await tagOf(call.rowId)) === tag) {
        return parts.calls.answerOf(call) ? undefined : { tag, call, memo: { ...memo, page: memo.page } };
      }
    }
    return undefined;
  }

  async #look(tag: string, held: Held, { since, waitMs }: Extract<HandOffWish, { kind: "look" }>): Promise<HandOffAnswer> {
    if (this.#looking >= MOST_LOOKING) return { outcome: "busy" };
    this.#looking++;
    try {
      const frame = await this.#frame(held, since, waitMs);
      // It may have been given back, or stopped, while this picture was waited for.
      if (!(await this.#find(tag))) return { outcome: "over" };
      const wish = held.call.args["text"];
      return {
        outcome: "shown",
        frame,
        wish: typeof wish === "string" ? wish.slice(0, 500) : "",
        leftMs: held.memo.endsAt - this.#parts.now(),
      };
    } finally {
      this.#looking--;
    }
  }

  async #frame(held: Held, since: string | undefined, waitMs: number): Promise<BrowserFrame> {
    const { page, chosen } = held.memo;
    if (chosen.place === "home") {
      const answer = await this.#askHome(held.memo, "browser.watch", { ...(since === undefined ? {} : { since }), waitMs });
      const frame = browserFrame.safeParse(answer);
      if (!frame.success) throw new ToolFailure("The machine showed something that cannot be read.");
      return frame.data;
    }
    const { lookAt } = await import("./visit.ts");
    const { signal } = this.#parts.abort;
    return this.#withTalk(held, (talk) => lookAt(talk, page.handed, { since, waitMs, signal }));
  }

  async #do(held: Held, events: Extract<HandOffWish, { kind: "do" }>["events"]): Promise<void> {
    const { memo } = held;
    if (memo.chosen.place === "home") {
      await this.#askHome(memo, "browser.hand", { events });
      return;
    }
    const { handleIn } = await import("./visit.ts");
    await this.#withTalk(held, (talk) => handleIn(talk, memo.page.handed, events));
  }

  /** The call hears of it as of any answer, and the turn goes on. */
  #takeBack({ call }: Held): HandOffAnswer {
    const parts = this.#parts;
    const isTaken = parts.commit(() => {
      if (!parts.calls.takeAnswer(call.rowId, doneToken(call.id), { isDone: true })) return false;
      const turn = parts.turns.open();
      if (turn?.state === "waiting") parts.turns.wakeUp(turn.id, "acting");
      return true;
    });
    void this.#leave();
    return { outcome: isTaken ? "taken" : "over" };
  }

  async #askHome({ page, chosen }: Held["memo"], command: string, more: Record<string, unknown>): Promise<unknown> {
    const { home: port, sessionKey } = this.#parts.ports;
    const { profile, policy, handed } = page;
    const home = chosen.place === "home" ? chosen.home : undefined;
    const answer = await port?.callHome({
      id: `hand-${crypto.randomUUID()}`,
      ...(home === undefined ? {} : { home }),
      command,
      params: { sessionKey, profile, policy, handed, ...more },
      timeoutMs: ANSWER_MS,
      waitMs: ANSWER_MS,
    });
    switch (answer?.outcome) {
      case "answered":
        return answer.payload;
      case "refused":
        throw new ToolFailure(answer.message);
      case "unreachable":
      case "interrupted":
        throw new ToolFailure(answer.reason);
      case "pending":
        throw new ToolFailure(`${answer.home} did not answer in time.`);
      case undefined:
        throw new ToolFailure("No machine of the owner can be reached from here.");
      default:
        return answer satisfies never;
    }
  }

  async #withTalk<T>({ tag, memo: { page, chosen } }: Held, work: (talk: Talk) => Promise<T>): Promise<T> {
    if (chosen.place === "home") throw new Error("A browser at home has no line here.");
    const { place } = chosen;
    if (this.#viewTag !== tag) await this.#leave();
    this.#viewTag = tag;
    this.#view ??= this.#openView(() => this.#parts.browsers.reachOpen(place), page, place);
    const opening = this.#view;
    try {
      const view = await opening;
      return await view.use(work);
    } catch (error) {
      // A broken line is of no use to the next one who looks.
      const view = await opening.catch(() => undefined);
      if ((!view || view.talk.connection.cdp.isClosed) && this.#view === opening) this.#view = undefined;
      throw error;
    }
  }

  async #openView(reach: () => Promise<LineSocket | undefined>, { policy }: Handed, place: "edge" | "cdp"): Promise<View> {
    const { openTalk } = await import("./visit.ts");
    const socket = await reach();
    if (!socket) throw new ToolFailure("The browser ended meanwhile; its pages are gone.");
    // What this line sees of tabs is its own affair: calls of the turn keep the state that counts.
    const state = this.#parts.browsers.rows.stateOf(place);
    const { talk, leave } = await openTalk(socket, state, { policy });
    let timer: ReturnType<typeof setTimeout> | undefined;
    let inUse = 0;
    let isLeft = false;
    return {
      talk,
      use: async (work) => {
        inUse++;
        clearTimeout(timer);
        try {
          return await work(talk);
        } finally {
          inUse--;
          // Counted from the end of the last look: one may take longer than the line is kept.
          if (inUse === 0 && !isLeft) timer = setTimeout(() => void this.#leave(), LOOKED_MS);
        }
      },
      leave: () => {
        isLeft = true;
        clearTimeout(timer);
        leave();
      },
    };
  }

  /** Never rejects. */
  async #leave(): Promise<void> {
    const view = this.#view;
    this.#view = undefined;
    (await view?.catch(() => undefined))?.leave();
  }

  #isTooMuch(kind: "look" | "do"): boolean {
    const second = Math.floor(this.#parts.now() / 1000);
    if (this.#asked.second !== second) this.#asked = { second, look: 0, do: 0 };
    this.#asked[kind]++;
    return this.#asked[kind] > MOST_A_SECOND;
  }
}

interface View {
  talk: Talk;
  use<T>(work: (talk: Talk) => Promise<T>): Promise<T>;
  leave(): void;
}

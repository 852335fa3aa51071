// A session on a channel: a scripted model, a place, and shorthands for what a test asks of them.
import type { Brief, PlaceBrief } from "../../src/contract/admission.ts";
import type { DeliveryStyle } from "../../src/contract/channels/delivery.ts";
import type { Message } from "../../src/contract/message.ts";
import type { Receipt } from "../../src/contract/ports/session.ts";
import { makePlace } from "./place.ts";
import type { ScriptedModel } from "./scripted-model.ts";
import type { TestSession, TestSessionOptions } from "./session.ts";
import { openTalk, type TalkScript, until } from "./talk.ts";
import type { TestWorkspace } from "./workspace.ts";

export type PlaceChange = Partial<Omit<PlaceBrief, "style">> & { style?: Partial<DeliveryStyle> };

export interface Talk {
  session: TestSession;
  model: ScriptedModel;
  workspace: TestWorkspace;
  /** A message of the channel; `place` is laid over the talk's own. */
  say(text: string, message?: Partial<Message>, place?: PlaceChange, brief?: Partial<Brief>): Promise<Receipt>;
}

export interface TalkOptions extends Partial<Omit<TestSessionOptions, "brief">> {
  place?: PlaceChange;
  brief?: Partial<Brief>;
}

export const HERE = { channel: "telegram", peer: "42" };
export const GROUP = { channel: "telegram", peer: "-100", kind: "group" as const };

export function openChannelTalk(script: TalkScript, { place, ...options }: TalkOptions = {}): Talk {
  const { session, model, workspace } = openTalk(script, options);
  let count = 0;
  return {
    session,
    model,
    workspace,
    say(text, message = {}, change = {}, more = {}) {
      count += 1;
      const from = place?.kind === "group" ? GROUP : HERE;
      return session.send(text, {
        id: message.id ?? `in${count}`,
        message: { from, platformId: `${100 + count}`, ...message },
        brief: { ...more, place: makePlace({ ...place, ...change, style: { ...place?.style, ...change.style } }) },
      });
    },
  };
}

/** Until the session has nothing left to do: its turn is over and what it had to send is settled. */
export async function settle({ session }: Talk): Promise<void> {
  await until(() => {
    const { parts } = session;
    return !parts.turns.open() && parts.inbox.waiting().length === 0 && parts.outbox.heads().length === 0;
  });
  await session.rest();
}

/** Waits for the alarm that is set and lets it fire, as the platform does. */
export async function ring({ session }: Talk): Promise<void> {
  const at = session.alarmAt();
  if (at === undefined) throw new Error("No alarm is set.");
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now()) + 5));
  await session.fireAlarm();
}

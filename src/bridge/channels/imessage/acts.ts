// What acts of the house mean at iMessage, whichever program carries them out.
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import type { HomeAct } from "../../../contract/channels/home-acts.ts";
import type { LocalFile } from "../driver.ts";
import { tapbackOf } from "./inbound.ts";
import type { Notebook } from "./notebook.ts";

type Act<T extends HomeAct["type"]> = Extract<HomeAct, { type: T }>;

/** The words first, then each file by itself: iMessage has no captions. */
export async function sendInTurn(
  { caption }: Act<"media">,
  files: readonly LocalFile[],
  say: (text: string) => Promise<DeliveryOutcome>,
  sendFile: (file: LocalFile) => Promise<DeliveryOutcome>,
): Promise<DeliveryOutcome> {
  let first: DeliveryOutcome | undefined;
  if (caption !== undefined && caption.text !== "") {
    first = await say(caption.text);
    if (first.outcome !== "sent") return first;
  }
  for (const file of files) {
    const next = await sendFile(file);
    if (next.outcome !== "sent")
      return first ? { outcome: "unknown", reason: `A part was sent, and then: ${next.reason}` } : next;
    first ??= next;
  }
  return first ?? { outcome: "refused", reason: "There is no file to send." };
}

/** The reaction by its name at iMessage; of one that is taken back, ours. */
export function reactionOf({ message, emoji }: Act<"react">, notebook: Notebook): string | DeliveryOutcome {
  if (emoji === null) {
    return notebook.markOf(message) ?? { outcome: "refused", reason: "There is no reaction of ours on it." };
  }
  const six = "iMessage takes six reactions from programs: ❤️ 👍 👎 😂 ‼️ ❓";
  return tapbackOf(emoji) ?? { outcome: "refused", reason: six };
}

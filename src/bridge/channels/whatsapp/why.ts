// Why WhatsApp ended a line, and what follows. What can mend itself is tried again; what only the owner can mend is said once, in words.

export type Verdict =
  /** `soon`: WhatsApp itself asked for it. */
  | { is: "again"; said: string; soon?: true }
  /** This program is too old for it; a newer number may be told by WhatsApp's own page. */
  | { is: "renew"; said: string }
  /** The link is gone: the keys are worth nothing any more. */
  | { is: "unlinked"; said: string }
  | { is: "refused"; said: string };

const RELINK = "Link it again: Control, Channels, WhatsApp, or `skerry channels login whatsapp`.";

export function judgeEnd(code: number | undefined, reason: string): Verdict {
  switch (code) {
    case 401:
      return {
        is: "unlinked",
        said: `WhatsApp has ended the link of this device; perhaps it was taken off under Linked devices on the phone. ${RELINK}`,
      };
    case 403:
      return {
        is: "refused",
        said: "WhatsApp has blocked this account. Open WhatsApp on its phone: it says why, and whether it can be reviewed; link it anew after that.",
      };
    case 411:
      return {
        is: "refused",
        said: "This account's phone does not allow linked devices; update WhatsApp on it, then link it again.",
      };
    case 440:
      return {
        is: "refused",
        said: "Another program has taken this link over, so it is left alone. End that program, or the copy of this machine's folder; then link again here.",
      };
    case 515:
      return { is: "again", soon: true, said: "WhatsApp asked for a new connection." };
    case 405:
      return { is: "renew", said: "WhatsApp does not take this version of its web client any more." };
    case 408:
    case 428:
      return { is: "again", said: "The connection to WhatsApp was lost." };
    case 503:
      return { is: "again", said: "WhatsApp is not available just now." };
    default:
      return {
        is: "again",
        said: `The connection to WhatsApp ended: ${reason.slice(0, 200) || `reason ${code ?? "unknown"}`}.`,
      };
  }
}

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;

/** 1 s, doubled each time up to a minute, a quarter more or less. `chance`: 0 to 1. */
export function pauseBefore(attempt: number, chance: number): number {
  return Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)) * (0.75 + chance / 2);
}

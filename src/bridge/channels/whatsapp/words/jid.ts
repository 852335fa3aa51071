// WhatsApp's names of people and places. A person has a number ("4915…@s.whatsapp.net") and, beside it, a number that says nothing
// ("123…@lid"); each may have a device behind a colon. Toward the house a person is "+4915…" wherever the number is known.

export type Place = "direct" | "group" | "none";

const PERSON = /^(\d{1,20})(?:_\d+)?(?::\d+)?@(s\.whatsapp\.net|c\.us|lid|hosted|hosted\.lid)$/;
const GROUP = /^[\d-]{1,64}@g\.us$/;

/** Status, broadcasts and newsletters are no places to talk in. */
export function placeOf(jid: string | null | undefined): Place {
  if (!jid) return "none";
  if (GROUP.test(jid)) return "group";
  return PERSON.test(jid) ? "direct" : "none";
}

export function isLid(jid: string | null | undefined): boolean {
  return jid !== null && jid !== undefined && /@(lid|hosted\.lid)$/.test(jid);
}

/** Without the device, in the one way in which it is compared; "" for what is no person. */
export function bare(jid: string | null | undefined): string {
  const [, user, server] = PERSON.exec(jid ?? "") ?? [];
  if (user === undefined) return "";
  return `${user}@${server === "lid" || server === "hosted.lid" ? "lid" : "s.whatsapp.net"}`;
}

export function userOf(jid: string | null | undefined): string {
  return PERSON.exec(jid ?? "")?.[1] ?? "";
}

/** As the house names a person: by number where there is one. */
export function personOf(jid: string): string {
  const plain = bare(jid);
  return plain === "" || isLid(plain) ? plain : `+${userOf(plain)}`;
}

/** What the house names, as WhatsApp addresses it; undefined: it is none of its places. */
export function jidOf(peer: string): string | undefined {
  if (placeOf(peer) === "group") return peer;
  if (/^\+\d{5,20}$/.test(peer)) return `${peer.slice(1)}@s.whatsapp.net`;
  return bare(peer) || undefined;
}

export function digitsOf(number: string | undefined): string {
  return (number ?? "").replace(/\D/g, "");
}

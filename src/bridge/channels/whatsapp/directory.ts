// Who is who at WhatsApp: numbers behind lids, names and members of groups. Asked for once, kept for a while, never waited for long.
import type { GroupMetadata } from "@whiskeysockets/baileys";
import type { Socket } from "./library.ts";
import { bare, isLid } from "./words/jid.ts";
import type { Member } from "./words/outbound.ts";

const GROUP_LIFE_MS = 10 * 60_000;
/** Who could not be told about a group asks again after this. */
const UNKNOWN_LIFE_MS = 60_000;
const MOST_GROUPS = 200;
const WAIT_MS = 5_000;

export class WhatsAppDirectory {
  readonly #now: () => number;
  readonly #groups = new Map<string, { until: number; metadata: GroupMetadata | undefined }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Numbers of those that are known by a lid. */
  async numbersOf(socket: Socket | undefined, people: readonly string[]): Promise<Map<string, string>> {
    const lids = [...new Set(people.filter(isLid))].slice(0, 200);
    const numbers = new Map<string, string>();
    if (!socket || lids.length === 0) return numbers;
    const pairs = await soon(socket.signalRepository.lidMapping.getPNsForLIDs(lids));
    for (const { lid, pn } of pairs ?? []) numbers.set(bare(lid), bare(pn));
    return numbers;
  }

  async groupOf(socket: Socket | undefined, jid: string): Promise<GroupMetadata | undefined> {
    const kept = this.#fresh(jid);
    if (kept || !socket) return kept?.metadata;
    const metadata = await soon(socket.groupMetadata(jid));
    this.#keep(jid, metadata);
    return metadata;
  }

  known(jid: string): GroupMetadata | undefined {
    return this.#fresh(jid)?.metadata;
  }

  /** It has changed. */
  forget(jid: string | undefined): void {
    if (jid !== undefined) this.#groups.delete(jid);
  }

  #fresh(jid: string) {
    const kept = this.#groups.get(jid);
    return kept && this.#now() < kept.until ? kept : undefined;
  }

  #keep(jid: string, metadata: GroupMetadata | undefined): void {
    this.#groups.delete(jid);
    this.#groups.set(jid, { until: this.#now() + (metadata ? GROUP_LIFE_MS : UNKNOWN_LIFE_MS), metadata });
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > MOST_GROUPS && oldest !== undefined) this.#groups.delete(oldest);
  }
}

export function membersOf(metadata: GroupMetadata | undefined): Member[] {
  return (metadata?.participants ?? []).map(({ id, lid, phoneNumber }) => ({
    id,
    known: [id, lid, phoneNumber].flatMap((jid) => bare(jid) || []),
  }));
}

/** Undefined when it takes too long or fails: then it goes without. */
async function soon<T>(asked: Promise<T | null | undefined>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), WAIT_MS);
  });
  const answer = await Promise.race([asked.catch(() => undefined), late]);
  clearTimeout(timer);
  return answer ?? undefined;
}

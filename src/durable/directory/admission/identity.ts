// Who a sender is: an approved account, an account that the settings link to one, or nobody known. And which talk is
// theirs. Reads people, decides nothing about who may speak.

import type { Sender } from "../../../contract/message.ts";
import type { Person } from "../../../contract/people.ts";
import type { Settings } from "../../../contract/settings.ts";
import { type Account, isSame, readNamed } from "./senders.ts";
import { directRest } from "./session-keys.ts";

export type KnownPerson = Pick<Person, "id" | "name" | "role"> & {
  /** Rest of the key of their own talk. */
  home?: string;
};

/** The part of the people that is asked here. */
export interface KnownPeople {
  find(account: Account): KnownPerson | undefined;
  /** By an account of any line of the channel. */
  findBySender(channel: string, sender: string): KnownPerson | undefined;
  isHome(rest: string): boolean;
  isBlocked(account: Account): boolean;
}

export interface Identity {
  account: Account;
  person?: KnownPerson;
  /** The name under which the settings link the account. */
  linkName?: string;
  sender: Sender;
  /** Rest of the key of their own talk, the same on each of their accounts. */
  home: string;
}

export async function identify(settings: Settings, people: KnownPeople, account: Account, name?: string): Promise<Identity> {
  const link = findLink(settings, account);
  const direct = people.find(account);
  const linked = (link?.members ?? []).flatMap((member) => {
    const found =
      member.account === undefined
        ? people.findBySender(member.channel, member.sender)
        : people.find({ ...member, account: member.account });
    return found ? [found] : [];
  });
  const known = direct ? [direct, ...linked] : linked;
  const person = known.find((one) => one.role === "owner") ?? known[0];
  const shownName = person?.name ?? name;
  return {
    account,
    ...(person ? { person } : {}),
    ...(link ? { linkName: link.name } : {}),
    sender: {
      id: account.sender,
      isOwner: person?.role === "owner",
      ...(shownName ? { name: shownName } : {}),
      ...(person ? { personId: person.id } : {}),
    },
    home: person?.home ?? (await homeOfUnknown(people, link?.members[0] ?? account)),
  };
}

/** A talk that is somebody's own is never given to somebody else who has the same account now. */
async function homeOfUnknown(people: KnownPeople, account: { channel: string; account?: string; sender: string }) {
  const rest = await directRest({ ...account, account: account.account ?? "default" });
  return people.isHome(rest) ? `${rest}:open` : rest;
}

function findLink(settings: Settings, account: Account) {
  for (const [name, entries] of Object.entries(settings.session?.identityLinks ?? {})) {
    const members = entries.flatMap((entry) => readNamed(entry) ?? []);
    if (members.some((member) => isSame(member, account))) return { name, members };
  }
  return undefined;
}

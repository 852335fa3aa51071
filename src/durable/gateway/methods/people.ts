// People: who is known, by which accounts, making two of them one and one of them two, and who is heard nowhere.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { NamedAccount, PeopleChange, Person } from "../../../contract/people.ts";
import type { View } from "../live/views.ts";
import { type Handlers, type House, unwrap } from "./method.ts";

type PeopleMethod =
  | "people.list"
  | "people.link"
  | "people.unlink"
  | "people.rename"
  | "people.forget"
  | "people.block"
  | "people.unblock";

export const people: Handlers<PeopleMethod> = {
  "people.list": async (_params, { house }) => {
    const [known, blocked] = await Promise.all([house.directory.people(), house.directory.blockedSenders()]);
    return {
      people: known.map(viewPerson),
      blocked: blocked.map(({ blockedAt, name, ...account }) => ({
        ...viewAccount(account),
        ...(name === undefined ? {} : { name }),
        blockedAtMs: blockedAt,
      })),
    };
  },

  "people.link": async ({ id, other }, { house }) => ({ person: await change(house, { kind: "link", id, other }) }),

  "people.unlink": async (params, { house }) => ({
    person: await change(house, { kind: "unlink", account: readAccount(params) }),
  }),

  "people.rename": async ({ id, name }, { house }) => ({ person: await change(house, { kind: "rename", id, name }) }),

  "people.forget": async (params, { house }) => {
    await change(house, { kind: "forget", account: readAccount(params) });
    return { ...viewAccount(readAccount(params)), forgotten: true };
  },

  "people.block": async (params, { house }) => {
    await change(house, { kind: "block", account: readAccount(params) });
    return { ...viewAccount(readAccount(params)), blocked: true };
  },

  "people.unblock": async (params, { house }) => {
    await change(house, { kind: "unblock", account: readAccount(params) });
    return { ...viewAccount(readAccount(params)), blocked: false };
  },
};

async function change(house: House, wanted: PeopleChange): Promise<View | undefined> {
  const person = unwrap(await house.directory.changePeople(wanted));
  return person && viewPerson(person);
}

function readAccount(params: { channel: string; accountId?: string | undefined; senderId: string }): NamedAccount {
  const { channel, accountId, senderId } = params;
  return { channel, sender: senderId, ...(accountId ? { account: accountId } : {}) };
}

function viewAccount({ channel, account, sender }: NamedAccount): View {
  return { channel, accountId: account ?? DEFAULT_ACCOUNT, senderId: sender };
}

export function viewPerson(person: Person): View {
  return {
    id: person.id,
    name: person.name,
    role: person.role,
    accounts: person.accounts.map(({ name, approvedAt, ...account }) => ({
      ...viewAccount(account),
      ...(name === undefined ? {} : { name }),
      approvedAtMs: approvedAt,
    })),
    createdAtMs: person.createdAt,
    ...(person.lastSeenAt === undefined ? {} : { lastSeenAtMs: person.lastSeenAt }),
  };
}

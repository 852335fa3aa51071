// People: who is known, by which accounts, and making two of them one.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Person } from "../../../contract/people.ts";
import type { View } from "../live/views.ts";
import { type Handlers, notFound, unwrap } from "./method.ts";

type PeopleMethod = "people.list" | "people.link" | "people.forget";

export const people: Handlers<PeopleMethod> = {
  "people.list": async (_params, { house }) => ({ people: (await house.directory.people()).map(viewPerson) }),

  "people.link": async (params, { house }) => ({
    person: viewPerson(unwrap(await house.directory.linkPeople(params.id, params.other))),
  }),

  "people.forget": async (params, { house }) => {
    const { channel, accountId, senderId } = params;
    const account = { channel, sender: senderId, ...(accountId ? { account: accountId } : {}) };
    if (!(await house.directory.forgetAccount(account))) {
      throw notFound(`Nobody was let in as ${channel}:${senderId}. people.list shows who was.`);
    }
    return { channel, accountId: accountId ?? DEFAULT_ACCOUNT, senderId, forgotten: true };
  },
};

export function viewPerson(person: Person): View {
  return {
    id: person.id,
    name: person.name,
    role: person.role,
    accounts: person.accounts.map(({ channel, account, sender, name, approvedAt }) => ({
      channel,
      accountId: account ?? DEFAULT_ACCOUNT,
      senderId: sender,
      ...(name === undefined ? {} : { name }),
      approvedAtMs: approvedAt,
    })),
    createdAtMs: person.createdAt,
    ...(person.lastSeenAt === undefined ? {} : { lastSeenAtMs: person.lastSeenAt }),
  };
}

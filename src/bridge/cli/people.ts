// `skerry pairing …` and `skerry people …`: who waits at the door, who was let in, and making two of them one.
import { GatewayError } from "../../contract/errors.ts";
import { EXIT } from "./exit-code.ts";
import { formatSpan, type Question, withClient } from "./question.ts";

interface PairingRequest {
  code: string;
  channel: string;
  accountId: string;
  senderId: string;
  senderName?: string;
  createdAtMs: number;
  expiresAtMs: number;
}

interface PersonSummary {
  id: string;
  name: string;
  role: "owner" | "guest";
  accounts: { channel: string; accountId: string; senderId: string; name?: string }[];
  lastSeenAtMs?: number;
}

interface Approval extends PairingRequest {
  person: PersonSummary;
  becameOwner: boolean;
  notification: string;
}

export async function listPairings(question: Question, channel: string | undefined): Promise<number> {
  const { requests } = await withClient(question, (client) =>
    client.request<{ requests: PairingRequest[] }>("channels.pairing.list", channel ? { channel } : {}),
  );
  if (question.isJson) question.terminal.print(JSON.stringify(requests));
  else if (requests.length === 0) question.terminal.print("Nobody waits.");
  else question.terminal.print(requests.map(describeRequest).join("\n"));
  return EXIT.ok;
}

function describeRequest(request: PairingRequest): string {
  const left = formatSpan(request.expiresAtMs - Date.now());
  return `${request.code}  ${whoOf(request)} · good for another ${left}`;
}

function whoOf({ channel, accountId, senderId, senderName }: PairingRequest): string {
  const line = accountId === "default" ? channel : `${channel}/${accountId}`;
  return `${senderName ? `${senderName}, ` : ""}${line}:${senderId}`;
}

/** `words`: the code, or the channel and the code. */
export async function approvePairing(
  question: Question,
  words: string[],
  options: { as?: string | undefined; isQuiet: boolean },
): Promise<number> {
  const params = { ...readWords(words), ...(options.as ? { as: options.as } : {}), notify: !options.isQuiet };
  const approval = await withClient(question, (client) => client.request<Approval>("channels.pairing.approve", params));
  if (question.isJson) {
    question.terminal.print(JSON.stringify(approval));
    return EXIT.ok;
  }
  const { person } = approval;
  question.terminal.print(
    approval.becameOwner
      ? `${whoOf(approval)} is let in, and is the owner from now on.`
      : `${whoOf(approval)} is let in${person.role === "owner" ? " as an account of the owner" : ` as ${person.name}`}.`,
  );
  if (approval.notification === "failed")
    question.terminal.remark("They could not be told; they are heard all the same.", "yellow");
  return EXIT.ok;
}

export async function rejectPairing(question: Question, words: string[]): Promise<number> {
  const request = await withClient(question, (client) =>
    client.request<PairingRequest>("channels.pairing.dismiss", readWords(words)),
  );
  if (question.isJson) question.terminal.print(JSON.stringify(request));
  else question.terminal.print(`${whoOf(request)} is turned down, without a word to them.`);
  return EXIT.ok;
}

function readWords(words: string[]): { code: string; channel?: string } {
  const code = words.at(-1) ?? "";
  const channel = words.length > 1 ? words[0] : undefined;
  return { code, ...(channel === undefined ? {} : { channel }) };
}

export async function listPeople(question: Question): Promise<number> {
  const { people } = await withClient(question, (client) => client.request<{ people: PersonSummary[] }>("people.list", {}));
  question.terminal.print(question.isJson ? JSON.stringify(people) : people.map(describePerson).join("\n"));
  return EXIT.ok;
}

function describePerson({ id, name, role, accounts, lastSeenAtMs }: PersonSummary): string {
  const places = accounts.map(({ channel, accountId, senderId }) =>
    accountId === "default" ? `${channel}:${senderId}` : `${channel}/${accountId}:${senderId}`,
  );
  const seen = lastSeenAtMs === undefined ? [] : [`seen ${formatSpan(Date.now() - lastSeenAtMs)} ago`];
  const who = role === "owner" ? `${name} (owner)` : name;
  return [who, id, places.join(", ") || "no account on a channel", ...seen].join(" · ");
}

export async function linkPeople(question: Question, id: string, other: string): Promise<number> {
  const { person } = await withClient(question, (client) =>
    client.request<{ person: PersonSummary }>("people.link", { id, other }),
  );
  question.terminal.print(question.isJson ? JSON.stringify(person) : `They are one now: ${describePerson(person)}`);
  return EXIT.ok;
}

export async function forgetAccount(question: Question, account: string): Promise<number> {
  const [, channel, accountId, senderId] = /^([a-z][a-z0-9-]*)(?:\/([a-z0-9-]+))?:(.+)$/s.exec(account) ?? [];
  if (channel === undefined || senderId === undefined) {
    const message = `"${account}" names no account; write it like telegram:42, as skerry people list does.`;
    throw new GatewayError({ code: "INVALID_REQUEST", message });
  }
  const params = { channel, senderId, ...(accountId ? { accountId } : {}) };
  const answer = await withClient(question, (client) => client.request("people.forget", params));
  question.terminal.print(question.isJson ? JSON.stringify(answer) : `${account} is no longer let in.`);
  return EXIT.ok;
}

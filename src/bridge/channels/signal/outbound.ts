// What is sent by Signal: acts of the house as what signal-cli is asked, and what came of it.
import { readFile } from "node:fs/promises";
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import type { ChannelSend, HomeAct, TextStyle } from "../../../contract/channels/home-acts.ts";
import type { Address } from "../../../contract/message.ts";
import type { LocalFile } from "../driver.ts";
import type { Answer, Failure, Outgoing, SignalApi, Target } from "./api.ts";
import { writeMentions } from "./mentions.ts";
import { messageName, readMessageName } from "./names.ts";
import type { Notebook } from "./notebook.ts";

/** Files pass through memory: what is larger goes in several messages. */
const MOST_BYTES_AT_ONCE = 30 * 1024 * 1024;
const MOST_OPTIONS = 10;

export interface Sender {
  api: SignalApi;
  notebook: Notebook;
  /** Our own number. */
  own: string;
  /** Signal does not know the account any more. */
  onLost(reason: string): void;
}

export function targetOf(
  { peer, kind }: Pick<Address, "peer" | "kind">,
  { notebook, own }: Pick<Sender, "notebook" | "own">,
): Target {
  if (kind === "group") return { kind: "group", id: peer };
  return peer === own ? { kind: "self", id: own } : { kind: "person", id: notebook.recipientOf(peer) };
}

export async function deliver(
  { to, act }: Omit<ChannelSend, "id">,
  files: readonly LocalFile[],
  sender: Sender,
): Promise<DeliveryOutcome> {
  const { api, notebook, own } = sender;
  const target = targetOf(to, sender);
  switch (act.type) {
    case "text": {
      const { replaces } = act;
      const edits = replaces === undefined ? undefined : readMessageName(replaces)?.sentAt;
      const message = compose(act, to, sender, act.replyTo);
      return sent(
        await api.send(target, { ...message, ...(edits === undefined ? {} : { edits }) }),
        act.text,
        to,
        sender,
        replaces,
      );
    }
    case "edit": {
      const named = readMessageName(act.message);
      if (!named) return noSuchMessage();
      const message = { ...compose(act, to, sender), edits: named.sentAt };
      return sent(await api.send(target, message), act.text, to, sender, messageName(named.sentAt, own));
    }
    case "media":
      return sendFiles(act, files, to, sender);
    case "poll": {
      const options = act.options.map((option) => option.slice(0, 100));
      if (options.length < 2 || options.length > MOST_OPTIONS) {
        return { outcome: "refused", reason: `A poll of Signal has two to ${MOST_OPTIONS} options.` };
      }
      return sent(await api.poll(target, act.question, options, act.isMultiple ?? false), act.question, to, sender);
    }
    case "delete": {
      const named = readMessageName(act.message);
      return named ? done(await api.delete(target, named.sentAt), sender) : noSuchMessage();
    }
    case "react": {
      const at = findMessage(act.message, to, notebook);
      if (!at) return noSuchMessage();
      const name = messageName(at.sentAt, at.author);
      const emoji = act.emoji ?? notebook.markOf(name) ?? "👍";
      const author = at.author === own ? own : notebook.recipientOf(at.author);
      const answer = await api.react(target, { sentAt: at.sentAt, author }, emoji, act.emoji === null);
      if (answer.ok && act.emoji !== null) notebook.noteMark(name, act.emoji);
      return done(answer, sender);
    }
    case "typing":
      return done(await api.type(target), sender);
    case "draft":
    case "pin":
    case "thread":
      return { outcome: "refused", reason: "Signal cannot do this." };
    default:
      return act satisfies never;
  }
}

function compose(
  { text, styles = [] }: { text: string; styles?: TextStyle[] },
  to: Address,
  { notebook, own }: Sender,
  replyTo?: string,
): Outgoing {
  const people = to.kind === "group" ? notebook.peopleOf(to.peer) : new Map<string, string>();
  const written = to.kind === "group" ? writeMentions(text, styles, people) : { text, styles, mentions: [] };
  const quoted = replyTo === undefined ? undefined : findMessage(replyTo, to, notebook);
  return {
    text: written.text,
    styles: written.styles,
    mentions: written.mentions.map(({ id, ...place }) => ({ ...place, recipient: notebook.recipientOf(id) })),
    files: [],
    ...(quoted
      ? {
          quote: {
            sentAt: quoted.sentAt,
            author: quoted.author === own ? own : notebook.recipientOf(quoted.author),
            text: quoted.text,
          },
        }
      : {}),
  };
}

async function sendFiles(
  act: Extract<HomeAct, { type: "media" }>,
  files: readonly LocalFile[],
  to: Address,
  sender: Sender,
): Promise<DeliveryOutcome> {
  let outcome: DeliveryOutcome = { outcome: "refused", reason: "There is no file to send." };
  for (const [index, group] of groupBySize(files).entries()) {
    const base = compose(
      index === 0 ? (act.caption ?? { text: "" }) : { text: "" },
      to,
      sender,
      index === 0 ? act.replyTo : undefined,
    );
    const read = await Promise.all(
      group.map(async ({ path, type, name }) => ({ type, name, base64: (await readFile(path)).toString("base64") })),
    );
    const message = { ...base, files: read, ...(act.isVoice ? { isVoice: true } : {}) };
    const next = sent(
      await sender.api.send(targetOf(to, sender), message),
      base.text || `[${group.map(({ name }) => name).join(", ")}]`,
      to,
      sender,
    );
    if (next.outcome !== "sent") {
      return index === 0 ? next : { outcome: "unknown", reason: `Some of the files were sent, and then: ${next.reason}` };
    }
    if (index === 0) outcome = next;
  }
  return outcome;
}

function groupBySize(files: readonly LocalFile[]): LocalFile[][] {
  const groups: LocalFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = groups.at(-1);
    if (last && bytes + file.size <= MOST_BYTES_AT_ONCE) last.push(file);
    else {
      groups.push([file]);
      bytes = 0;
    }
    bytes += file.size;
  }
  return groups;
}

/** Who wrote a message is part of its name; where it is not told, the notebook may know. */
function findMessage(
  name: string,
  to: Address,
  notebook: Notebook,
): { sentAt: number; author: string; text: string } | undefined {
  const named = readMessageName(name);
  if (!named) return undefined;
  const noted = notebook.messageAt(to.peer, named.sentAt);
  const author = named.author ?? (noted && readMessageName(noted.name)?.author);
  return author === undefined ? undefined : { sentAt: named.sentAt, author, text: noted?.text ?? "" };
}

/** `name`: of the message that was changed, which keeps its name. */
function sent(answer: Answer<number>, text: string, to: Address, sender: Sender, name?: string): DeliveryOutcome {
  if (!answer.ok) return outcomeOf(answer.failure, sender);
  const { notebook, own } = sender;
  const platformId = name ?? messageName(answer.value, own);
  notebook.noteMessage({ peer: to.peer, name: platformId, text, isOurs: true });
  return { outcome: "sent", platformId };
}

function done(answer: Answer<undefined>, sender: Sender): DeliveryOutcome {
  return answer.ok ? { outcome: "sent" } : outcomeOf(answer.failure, sender);
}

function outcomeOf(failure: Failure, { onLost }: Sender): DeliveryOutcome {
  switch (failure.kind) {
    case "refused":
      return { outcome: "refused", reason: failure.reason };
    case "unknown":
      return { outcome: "unknown", reason: failure.reason };
    case "unanswered": {
      const { retryAfterMs, reason } = failure;
      return { outcome: "unanswered", reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    case "unlinked":
      onLost(failure.reason);
      return { outcome: "unanswered", reason: failure.reason };
    default:
      return failure satisfies never;
  }
}

function noSuchMessage(): DeliveryOutcome {
  return { outcome: "refused", reason: "There is no message of that name here; use the one that stands with the message." };
}

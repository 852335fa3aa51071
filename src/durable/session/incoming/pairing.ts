// /pairing: who waits to be let in, decided by the owner in any talk of theirs. Nobody else is told who waits, whatever
// the settings say of their commands.
import type { Event } from "../../../contract/event.ts";
import { OWNER_ID, type Pairing, WELCOME } from "../../../contract/people.ts";
import { channelLabel } from "../../agent/envelope.ts";
import { outboxItem } from "../outgoing/places.ts";
import type { SessionParts } from "../parts.ts";

const USAGE = "Write /pairing list, /pairing approve CODE, /pairing approve CODE as NAME, or /pairing reject CODE.";

export async function answerPairing(parts: SessionParts, event: Event, args: string): Promise<string> {
  if (event.kind !== "message" || !event.message.sender.isOwner) return "Only my owner lets people in.";
  const { directory } = parts.ports;
  const [action = "list", code = "", ...rest] = args.split(/\s+/).filter((word) => word !== "");
  parts.wake.countInside();
  switch (action.toLowerCase()) {
    case "list":
      return listPairings(await directory.pairings(), parts.now());
    case "approve": {
      if (code === "") return USAGE;
      const name = /^as$/i.test(rest[0] ?? "") ? rest.slice(1).join(" ") : rest.join(" ");
      const as = name === "" ? undefined : await findPerson(parts, name);
      if (as !== undefined && !as.isFound) return as.said;
      const approved = await directory.approvePairing(code.toUpperCase(), as?.id);
      if (!approved.ok) return approved.error.message;
      const { pairing, person, to } = approved.value;
      if (to) {
        const act = { type: "text", text: WELCOME } as const;
        parts.outbox.add(outboxItem(parts, { id: `${event.id}:welcome`, runId: event.id, to, act }), parts.now());
      }
      const role = person.role === "owner" ? "you, the owner" : `${person.name}, a guest`;
      return `Let in: ${nameOf(pairing)} on ${channelLabel(pairing.channel)} is ${role}.`;
    }
    case "reject": {
      if (code === "") return USAGE;
      const rejected = await directory.rejectPairing(code.toUpperCase());
      if (!rejected.ok) return rejected.error.message;
      return `Not let in: ${nameOf(rejected.value)} on ${channelLabel(rejected.value.channel)}.`;
    }
    default:
      return USAGE;
  }
}

type Found = { isFound: true; id: string } | { isFound: false; said: string };

async function findPerson(parts: SessionParts, name: string): Promise<Found> {
  if (name.toLowerCase() === OWNER_ID) return { isFound: true, id: OWNER_ID };
  parts.wake.countInside();
  const people = await parts.ports.directory.people();
  const byId = people.find(({ id }) => id === name);
  const named = byId ? [byId] : people.filter((person) => person.name.toLowerCase() === name.toLowerCase());
  const [only, another] = named;
  if (only && !another) return { isFound: true, id: only.id };
  const known = people.map((person) => person.name).join(", ") || "nobody yet";
  return {
    isFound: false,
    said: only
      ? `Several people are called ${name}; say which by its id: ${named.map(({ id }) => id).join(", ")}.`
      : `I know nobody called ${name}. Known: ${known}. Leave the name out to let in someone new.`,
  };
}

function listPairings(pairings: readonly Pairing[], now: number): string {
  if (pairings.length === 0) return "Nobody waits to be let in.";
  const lines = pairings.map((pairing) => {
    const minutes = Math.max(1, Math.ceil((pairing.expiresAt - now) / 60_000));
    return `- \`${pairing.code}\` ${nameOf(pairing)} on ${channelLabel(pairing.channel)}, ${minutes} min left`;
  });
  return `${lines.join("\n")}\n\n/pairing approve CODE lets in, /pairing reject CODE does not.`;
}

function nameOf({ name, sender }: Pairing): string {
  return name ? `${name.replace(/[`*_[\]\r\n]/g, " ").trim()} (${sender})` : sender;
}

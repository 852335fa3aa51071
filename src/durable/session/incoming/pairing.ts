// /pairing: who waits to be let in, decided by the owner in any talk of theirs. Nobody else is told who waits, whatever
// the settings say of their commands.
import type { Brief } from "../../../contract/admission.ts";
import type { Event } from "../../../contract/event.ts";
import type { AskingHome } from "../../../contract/home/port.ts";
import { OWNER_ID, type Pairing, WELCOME } from "../../../contract/people.ts";
import { channelLabel } from "../../agent/envelope.ts";
import { outboxItem } from "../outgoing/places.ts";
import type { SessionParts } from "../parts.ts";

const USAGE = "Write /pairing list, /pairing approve CODE, /pairing approve CODE as NAME, or /pairing reject CODE.";

export async function answerPairing(parts: SessionParts, event: Event, brief: Brief, args: string): Promise<string> {
  if (event.kind !== "message" || !event.message.sender.isOwner) return "Only my owner lets people in.";
  const { directory } = parts.ports;
  const machines = await machinesAsking(parts, event, brief);
  const [action = "list", code = "", ...rest] = args.split(/\s+/).filter((word) => word !== "");
  parts.wake.countInside();
  switch (action.toLowerCase()) {
    case "list":
      return listWaiting(await directory.pairings(), machines, parts.now());
    case "approve": {
      if (code === "") return USAGE;
      if (machines.some((machine) => machine.code === code.toUpperCase())) return decideMachine(parts, code, true);
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
      if (machines.some((machine) => machine.code === code.toUpperCase())) return decideMachine(parts, code, false);
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

/** Only to the owner alone, where nobody else reads: a machine may do more than a person. */
async function machinesAsking(parts: SessionParts, event: Event, brief: Brief): Promise<AskingHome[]> {
  const isAlone = event.kind === "message" && event.message.from.kind !== "group";
  if (!isAlone || brief.hands?.isOwner !== true || !parts.ports.home) return [];
  parts.wake.countInside();
  const asking = await parts.ports.home.askingHomes();
  return asking.ok ? asking.value : [];
}

async function decideMachine(parts: SessionParts, code: string, isLetIn: boolean): Promise<string> {
  parts.wake.countInside();
  const decided = await parts.ports.home?.askingHomes({ code: code.toUpperCase(), isLetIn });
  if (!decided?.ok) return decided?.error.message ?? "No machine waits with this code.";
  const name = plain(decided.value[0]?.name ?? "");
  return isLetIn
    ? `Let in: the machine ${name}. What it does there for me is asked about as your settings say; skerry devices remove ends it.`
    : `Not let in: the machine ${name}.`;
}

function listWaiting(pairings: readonly Pairing[], machines: readonly AskingHome[], now: number): string {
  if (pairings.length + machines.length === 0) return "Nobody waits to be let in.";
  const minutes = (expiresAt: number) => Math.max(1, Math.ceil((expiresAt - now) / 60_000));
  const lines = [
    ...pairings.map((pairing) => {
      const who = `${nameOf(pairing)} on ${channelLabel(pairing.channel)}`;
      return `- \`${pairing.code}\` ${who}, ${minutes(pairing.expiresAt)} min left`;
    }),
    ...machines.map(({ code, name, platform, commands, expiresAt }) => {
      const what = `machine ${plain(name)} (${plain(platform)}), which offers ${commands.length} commands`;
      return `- \`${code}\` ${what}, ${minutes(expiresAt)} min left`;
    }),
  ];
  return `${lines.join("\n")}\n\n/pairing approve CODE lets in, /pairing reject CODE does not.`;
}

function nameOf({ name, sender }: Pairing): string {
  return name ? `${plain(name)} (${sender})` : sender;
}

function plain(text: string): string {
  return text
    .replace(/[`*_[\]\p{Cc}\p{Cf}]/gu, " ")
    .trim()
    .slice(0, 80);
}

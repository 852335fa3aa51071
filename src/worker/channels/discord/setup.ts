// Telling Discord where we are: the address for interactions, the commands. And what a person must do there by hand.
import type { RESTPutAPIApplicationCommandsJSONBody } from "discord-api-types/v10";
import type { Outcome } from "../../../contract/errors.ts";
import { type Command, commands } from "../../../durable/agent/commands.ts";
import type { Line, SetupStep } from "../channel.ts";
import { ASK, ASK_ABOUT } from "./inbound.ts";
import { type Answer, call } from "./rest.ts";

/** View, write, write in threads, open threads, files, history, reactions, polls, voice messages, pins. */
const PERMISSIONS = [10, 11, 38, 35, 15, 16, 6, 49, 46, 51].reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);

export async function connect(address: string, line: Line): Promise<SetupStep[]> {
  const id = line.account.keys["DISCORD_APPLICATION_ID"] ?? "";
  const menu = step(
    "The commands are set: /ask, the list of commands, and “Ask Skerry” on messages.",
    await call(line, { method: "PUT", path: `/applications/${id}/commands`, body: commandList() }),
  );
  // Discord asks an address at once whether it checks signatures, so it must be reachable from outside by now.
  const isReached = address.startsWith("https://");
  const point = { interactions_endpoint_url: isReached ? address : null };
  const hook = step(
    isReached
      ? `Discord sends interactions to ${address}.`
      : `Commands and buttons come by Discord's gateway, since ${address} is no https address.`,
    await call(line, { method: "PATCH", path: "/applications/@me", body: point }),
    "Or put the address into “Interactions Endpoint URL” under General Information at discord.com/developers/applications. While none stands there, they come by the gateway.",
  );
  const invite = `https://discord.com/oauth2/authorize?client_id=${id}&scope=bot+applications.commands&permissions=${PERMISSIONS}`;
  return [
    menu,
    hook,
    { state: "by-hand", text: `To bring it into a server, open ${invite} and choose the server.` },
    {
      state: "by-hand",
      text: "It hears commands, buttons and “Ask Skerry” (under Apps on any message). Ordinary messages reach it only by Discord's gateway, which a machine of yours holds (skerry bridge, or npm start).",
    },
  ];
}

export async function disconnect(line: Line): Promise<SetupStep[]> {
  const id = line.account.keys["DISCORD_APPLICATION_ID"] ?? "";
  return [
    step("The commands are taken away.", await call(line, { method: "PUT", path: `/applications/${id}/commands`, body: [] })),
    step(
      "Discord sends nothing any more.",
      await call(line, { method: "PATCH", path: "/applications/@me", body: { interactions_endpoint_url: null } }),
    ),
  ];
}

interface Application {
  id: string;
  name: string;
  verify_key: string;
  interactions_endpoint_url?: string | null;
}

export async function probe(line: Line): Promise<Outcome<string>> {
  const answer = await call<Application>(line, { method: "GET", path: "/oauth2/applications/@me" });
  if (!answer.ok) {
    const isSilent = "broke" in answer || answer.status >= 500 || answer.status === 429;
    if (isSilent) return { ok: false, error: { code: "UNAVAILABLE", message: "Discord did not answer; try again." } };
    const code = answer.status === 401 ? "FORBIDDEN" : "INVALID_REQUEST";
    return { ok: false, error: { code, message: `Discord says no: ${"said" in answer ? answer.said : ""}.` } };
  }
  const { id, name, verify_key, interactions_endpoint_url: hook } = answer.value;
  const { keys } = line.account;
  if (id !== keys["DISCORD_APPLICATION_ID"]) {
    return wrong(`The token belongs to the application ${name} (${id}), the application id is another one's.`);
  }
  if (verify_key !== keys["DISCORD_PUBLIC_KEY"]?.trim().toLowerCase()) {
    return wrong(`The public key is not the one of ${name}; copy it again from General Information.`);
  }
  const where = hook === undefined ? "" : hook === null ? ", no address for interactions yet" : `, interactions to ${hook}`;
  return { ok: true, value: `${name} (application ${id})${where}.` };
}

function wrong(message: string): Outcome<string> {
  return { ok: false, error: { code: "INVALID_REQUEST", message } };
}

/** The one list of commands in Discord's form: an argument is a choice where the command knows all its words, else a text. */
export function commandList(): RESTPutAPIApplicationCommandsJSONBody {
  return [
    {
      name: ASK,
      description: "Say something to me; alone, it opens a form with room for more",
      options: [
        { type: 3, name: "message", description: "What you want to say", max_length: 6000 },
        { type: 11, name: "file", description: "A picture or another file" },
      ],
    },
    ...commands.map((command: Command) => ({
      name: command.name,
      description: command.description.slice(0, 100),
      ...(command.args === undefined ? {} : { options: [optionOf(command.args)] }),
    })),
    { type: 3, name: ASK_ABOUT },
  ];
}

function optionOf(args: string) {
  const words = args.replace(/^\[|\]$/g, "").split("|");
  const description = args.slice(0, 100);
  if (words.length === 1 || !words.every((word) => /^[a-z]+$/.test(word))) {
    return { type: 3 as const, name: "text", description, max_length: 6000 };
  }
  return { type: 3 as const, name: "choice", description, choices: words.map((word) => ({ name: word, value: word })) };
}

function step(text: string, answer: Answer<unknown>, advice = ""): SetupStep {
  if (answer.ok) return { state: "done", text };
  const reason = "said" in answer ? `Discord says: ${answer.said}.` : "Discord did not answer.";
  return { state: "failed", text: `Not done: ${text} ${reason} ${advice}`.trim() };
}

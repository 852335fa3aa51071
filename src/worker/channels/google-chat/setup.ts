// Google lets nobody set up an app from outside: what can be tried is tried, the rest is said step by step.
import type { Outcome } from "../../../contract/errors.ts";
import { commands } from "../../../durable/agent/commands.ts";
import { readJson } from "../api/call.ts";
import type { Line, SetupStep } from "../channel.ts";
import { callChat, readServiceAccount } from "./service-account.ts";

export async function connect(address: string, line: Line): Promise<SetupStep[]> {
  const answer = await probe(line);
  const tried: SetupStep = answer.ok
    ? { state: "done", text: `The service account works: ${answer.value}.` }
    : { state: "failed", text: answer.error.message };
  const menu = commands.map(({ name }, index) => `${index + 1} /${name}`).join(", ");
  return [
    tried,
    {
      state: "by-hand",
      text: `In the Google Cloud console, under Google Chat API, Configuration, Connection settings: choose HTTP endpoint URL and paste ${address}`,
    },
    { state: "by-hand", text: audienceStep(address, line) },
    { state: "by-hand", text: `Commands, if you want a menu of them, with these numbers as command ids: ${menu}.` },
  ];
}

function audienceStep(address: string, line: Line): string {
  const audience = line.account.keys["GOOGLE_CHAT_AUDIENCE"] ?? "";
  if (/^\d+$/.test(audience)) return `There, as Authentication Audience: choose Project Number (yours is ${audience}).`;
  const other = audience === address ? "" : ` Its address must then be exactly ${audience}, as in GOOGLE_CHAT_AUDIENCE.`;
  return `There, as Authentication Audience: choose HTTP endpoint URL.${other}`;
}

export async function disconnect(): Promise<SetupStep[]> {
  const text =
    "Google goes on sending until you take the address away: in the Google Cloud console, under Google Chat API, Configuration, or disable the app there.";
  return [{ state: "by-hand", text }];
}

export async function probe(line: Line): Promise<Outcome<string>> {
  const account = readServiceAccount(line);
  if (!account.ok) return account;
  const answer = await callChat({ method: "GET", path: "spaces?pageSize=100", mayRepeat: true }, line);
  if (!answer.ok) {
    if (answer.outcome.outcome !== "refused") {
      return { ok: false, error: { code: "UNAVAILABLE", message: `Google Chat did not answer (${answer.said}); try again.` } };
    }
    const advice =
      answer.status === 401 ? "make a new key for the service account" : "see whether the Google Chat API is enabled";
    return { ok: false, error: { code: "FORBIDDEN", message: `Google says: ${answer.said.replace(/\.$/, "")}; ${advice}.` } };
  }
  const { spaces = [] } = ((await readJson(answer.response)) ?? {}) as { spaces?: unknown[] };
  return { ok: true, value: `${account.value.client_email}, in ${spaces.length} ${spaces.length === 1 ? "space" : "spaces"}` };
}

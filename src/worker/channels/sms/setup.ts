// Telling Twilio where we are: the address that it calls when a text message comes to our number.
import type { Outcome } from "../../../contract/errors.ts";
import type { Line, SetupStep } from "../channel.ts";
import { askTwilio, saidIn } from "./api.ts";

export async function connect(address: string, line: Line): Promise<SetupStep[]> {
  const target = line.account.keys["TWILIO_WEBHOOK_URL"] || address;
  return [await point(line, target, `Twilio calls ${target} for every text message to ${ownNumber(line)}.`)];
}

export async function disconnect(line: Line): Promise<SetupStep[]> {
  return [await point(line, "", "Twilio calls nobody any more for text messages to this number.")];
}

export async function probe(line: Line): Promise<Outcome<string>> {
  const answer = await askTwilio(line, ".json").catch(() => undefined);
  if (!answer || answer.status >= 500)
    return { ok: false, error: { code: "UNAVAILABLE", message: "Twilio did not answer; try again." } };
  if (!answer.isOk) {
    const code = answer.status === 401 || answer.status === 403 ? "FORBIDDEN" : "INVALID_REQUEST";
    return { ok: false, error: { code, message: `Twilio says: ${saidIn(answer).reason}` } };
  }
  const number = await findNumber(line).catch(() => undefined);
  if (!number) {
    const message = `The Twilio account has no number ${ownNumber(line)}; see Phone Numbers, Active numbers.`;
    return { ok: false, error: { code: "NOT_FOUND", message } };
  }
  const name = answer.json?.["friendly_name"];
  const where = number.smsUrl === "" ? "no webhook yet" : `webhook at ${number.smsUrl}`;
  return { ok: true, value: `${ownNumber(line)}${typeof name === "string" ? ` of ${name}` : ""}, ${where}.` };
}

async function point(line: Line, address: string, text: string): Promise<SetupStep> {
  try {
    const number = await findNumber(line);
    if (!number) return { state: "failed", text: `Not done: the Twilio account has no number ${ownNumber(line)}.` };
    const form = new URLSearchParams({ SmsUrl: address, SmsMethod: "POST" });
    const answer = await askTwilio(line, `/IncomingPhoneNumbers/${number.sid}.json`, form);
    return answer.isOk
      ? { state: "done", text }
      : { state: "failed", text: `Not done: ${text} Twilio says: ${saidIn(answer).reason}` };
  } catch {
    return { state: "failed", text: `Not done: ${text} Twilio did not answer.` };
  }
}

async function findNumber(line: Line): Promise<{ sid: string; smsUrl: string } | undefined> {
  const query = new URLSearchParams({ PhoneNumber: ownNumber(line) });
  const answer = await askTwilio(line, `/IncomingPhoneNumbers.json?${query}`);
  const numbers: unknown = answer.json?.["incoming_phone_numbers"];
  if (!Array.isArray(numbers)) return undefined;
  const found: unknown = numbers.find((one: { phone_number?: unknown }) => one.phone_number === ownNumber(line));
  if (typeof found !== "object" || found === null || !("sid" in found) || typeof found.sid !== "string") return undefined;
  return { sid: found.sid, smsUrl: "sms_url" in found && typeof found.sms_url === "string" ? found.sms_url : "" };
}

function ownNumber(line: Line): string {
  return line.account.keys["TWILIO_PHONE_NUMBER"] ?? "";
}

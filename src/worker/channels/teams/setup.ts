// A bot is registered in the Azure portal and installed in Teams: what can be tried is tried, the rest is said step by step.
import type { Outcome } from "../../../contract/errors.ts";
import { accessToken } from "../api/access-token.ts";
import type { Line, SetupStep } from "../channel.ts";
import { tokenOfBot } from "./connector.ts";

export async function connect(address: string, line: Line): Promise<SetupStep[]> {
  const answer = await probe(line);
  return [
    answer.ok
      ? { state: "done", text: `The app's id and secret work: ${answer.value}.` }
      : { state: "failed", text: answer.error.message },
    {
      state: "by-hand",
      text: `In the Azure portal, in your Azure Bot under Configuration, paste as Messaging endpoint: ${address}`,
    },
    { state: "by-hand", text: "There, under Channels, add Microsoft Teams." },
    {
      state: "by-hand",
      text: "Make the app's package (docs/channels/teams.md has its manifest) and upload it in Teams under Apps, Manage your apps.",
    },
  ];
}

export async function disconnect(): Promise<SetupStep[]> {
  const text =
    "Teams goes on sending until you take the bot away: remove the app in Teams, and the Azure Bot in the Azure portal.";
  return [{ state: "by-hand", text }];
}

export async function probe(line: Line): Promise<Outcome<string>> {
  const token = await accessToken(tokenOfBot(line), line, true);
  const { TEAMS_APP_ID: id = "", TEAMS_TENANT_ID: tenant } = line.account.keys;
  if (token.ok) return { ok: true, value: `app ${id}${tenant ? ` of the tenant ${tenant}` : ", multi-tenant"}` };
  if (token.outcome.outcome !== "refused") {
    return { ok: false, error: { code: "UNAVAILABLE", message: `Microsoft did not answer (${token.said}); try again.` } };
  }
  const advice = tenant
    ? "compare the app's id, its secret and the tenant with the Azure portal"
    : "compare the app's id and its secret with the Azure portal; a single-tenant bot needs TEAMS_TENANT_ID too";
  return { ok: false, error: { code: "FORBIDDEN", message: `Microsoft says: ${token.said.replace(/\.$/, "")}; ${advice}.` } };
}

// The Bot Connector: where it may be, what it is asked with. The bot's token goes to Microsoft's own addresses (or the
// server that was set in their place) and nowhere else, whatever an activity names as its service.
import type { TokenRequest } from "../api/access-token.ts";
import { type Answer, type Call, callApi, type Refusal } from "../api/call.ts";
import type { Line } from "../channel.ts";

const LOGIN = "https://login.microsoftonline.com";
const TENANT_OF_BOTS = "botframework.com";
const SCOPE = "https://api.botframework.com/.default";
/** Names under trafficmanager.net are anybody's: of those only this one. */
const SERVICES = /^(smba\.trafficmanager\.net|([\w-]+\.)+botframework\.com|smba\.infra\.([\w-]+\.)*teams\.microsoft\.(com|us))$/;
const FILES = /^([\w-]+\.)+sharepoint\.(com|us)$/;

/** Whether an address is one of the Bot Connector's. */
export function isService(address: string, line: Line): boolean {
  const url = readUrl(address);
  if (!url) return false;
  return url.origin === readUrl(line.base)?.origin || (isPlainHttps(url) && SERVICES.test(url.hostname));
}

/** Whether an address is of the store where Teams keeps files: their addresses are good for a while, without a token. */
export function isFileStore(address: string): boolean {
  const url = readUrl(address);
  return url !== undefined && isPlainHttps(url) && FILES.test(url.hostname);
}

function isPlainHttps(url: URL): boolean {
  return url.protocol === "https:" && url.port === "" && url.username === "" && url.password === "";
}

function readUrl(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** The service a place was heard by, when it is one that may be asked. */
export function serviceOf(serviceUrl: string | undefined, line: Line): string {
  return (serviceUrl !== undefined && isService(serviceUrl, line) ? serviceUrl : line.base).replace(/\/+$/, "");
}

export async function callConnector(call: Call, line: Line): Promise<Answer> {
  if (!isService(call.address, line)) return refusal("the address is none of the Bot Connector's");
  const answer = await callApi(call, tokenOfBot(line), line);
  // Microsoft asks for these to be tried again.
  if (!answer.ok && answer.status === 412) return { ...answer, outcome: { outcome: "unanswered", reason: answer.said } };
  return answer;
}

function refusal(said: string): Refusal {
  return { ok: false, said, outcome: { outcome: "refused", reason: said } };
}

export function tokenOfBot(line: Line): TokenRequest {
  const { TEAMS_APP_ID: id = "", TEAMS_APP_PASSWORD: secret = "", TEAMS_TENANT_ID: tenant = "" } = line.account.keys;
  const login = (line.variables["TEAMS_LOGIN_URL"] || LOGIN).replace(/\/+$/, "");
  const address = `${login}/${encodeURIComponent(tenant || TENANT_OF_BOTS)}/oauth2/v2.0/token`;
  return {
    name: `teams ${address} ${id} ${line.account.account} ${line.account.version}`,
    address,
    form: () => ({ grant_type: "client_credentials", client_id: id, client_secret: secret, scope: SCOPE }),
  };
}

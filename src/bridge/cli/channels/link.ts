// `skerry channels login` and `logout`: linking an account whose line a machine at home holds. The code is shown here, as it changes, until
// the account is linked or the platform said no. `stop` and `start`: off and on, with the link kept.
import QRCode from "qrcode";
import type { GatewayClient } from "../../../client/gateway-client.ts";
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { GatewayError } from "../../../contract/errors.ts";
import { EXIT } from "../exit-code.ts";
import { type Question, withClient } from "../question.ts";

/** How somebody is shown how far it is. */
interface LinkView {
  connected: boolean;
  phase: string;
  message: string;
  since: number;
  who?: string;
  qr?: string;
  code?: string;
  expiresAtMs?: number;
}

export interface LinkOptions {
  account: string;
  /** By a code that is typed on the phone with this number. */
  phone?: string | undefined;
  /** A new code, although one was shown. */
  isAnew: boolean;
}

/** A person needs a while to find the phone. */
const PATIENCE_MS = 5 * 60_000;

export async function linkChannel(question: Question, id: string, options: LinkOptions): Promise<number> {
  const label = mustBeLinkable(id, options.phone);
  const { terminal } = question;
  const named = { channel: id, ...(options.account === DEFAULT_ACCOUNT ? {} : { accountId: options.account }) };
  return withClient(question, async (client) => {
    const phone = options.phone === undefined ? {} : { phone: options.phone };
    let view = await client.request<LinkView>("web.login.start", { ...named, ...phone, force: options.isAnew });
    if (question.isJson) {
      terminal.print(JSON.stringify(view));
      return view.connected || view.qr || view.code ? EXIT.ok : EXIT.failed;
    }
    let shown = "";
    for (const endAt = Date.now() + PATIENCE_MS; !isOver(view) && Date.now() < endAt; view = await next(client, named, view)) {
      const link = view.qr ?? view.code ?? "";
      if (link === shown) continue;
      shown = link;
      terminal.print(view.message);
      if (view.qr) terminal.print(await QRCode.toString(view.qr, { type: "terminal", small: true }));
      if (view.code) terminal.print(`  ${view.code}`);
    }
    if (view.connected) {
      terminal.print(`✓ ${label} is linked${view.who ? ` as ${view.who}` : ""}.`);
      return EXIT.ok;
    }
    terminal.remark(`✗ ${label} is not linked: ${view.message}`, "red");
    return EXIT.failed;
  });
}

export async function unlinkChannel(question: Question, id: string, account: string): Promise<number> {
  const label = channelFacts(id)?.label ?? id;
  const params = { channel: id, ...(account === DEFAULT_ACCOUNT ? {} : { accountId: account }) };
  const answer = await withClient(question, (client) => client.request<{ cleared: boolean }>("channels.logout", params));
  if (question.isJson) question.terminal.print(JSON.stringify(answer));
  else question.terminal.print(`${label} is not linked any more; skerry channels login ${id} links it again.`);
  return EXIT.ok;
}

/** Without an account the channel with all its accounts. */
export async function turnChannel(question: Question, id: string, account: string | undefined, isOn: boolean): Promise<number> {
  const label = channelFacts(id)?.label ?? id;
  const params = { channel: id, ...(account === undefined ? {} : { accountId: account }) };
  const method = isOn ? "channels.start" : "channels.stop";
  const answer = await withClient(question, (client) => client.request<Record<string, unknown>>(method, params));
  const named = account === undefined ? label : `${label} (${account})`;
  const again = `skerry channels start ${id}${account === undefined ? "" : ` --account ${account}`}`;
  if (question.isJson) question.terminal.print(JSON.stringify(answer));
  else if (isOn) question.terminal.print(`${named} is switched on.`);
  else question.terminal.print(`${named} is switched off; its keys and its link stay. ${again} switches it on.`);
  return EXIT.ok;
}

function next(client: GatewayClient, named: { channel: string }, { since }: LinkView): Promise<LinkView> {
  return client.request<LinkView>("web.login.wait", { ...named, since, timeoutMs: 15_000 });
}

function isOver({ connected, phase }: LinkView): boolean {
  return connected || phase === "refused" || phase === "off";
}

function mustBeLinkable(id: string, phone: string | undefined): string {
  const facts = channelFacts(id);
  if (!facts) throw new GatewayError({ code: "INVALID_REQUEST", message: `There is no channel "${id}".` });
  if (!facts.linking) {
    const message = `${facts.label} is not linked by a code: its keys are enough. skerry channels add ${id} takes them.`;
    throw new GatewayError({ code: "INVALID_REQUEST", message });
  }
  if (phone !== undefined && !facts.linking.includes("code")) {
    const message = `${facts.label} is linked by scanning a code; leave --phone out.`;
    throw new GatewayError({ code: "INVALID_REQUEST", message });
  }
  return facts.label;
}

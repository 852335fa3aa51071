// Channels: those that are connected and how they do, those that can be added, and the sheet of one of them.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { CHANNEL_FACTS, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { PageElement } from "../../components/element.ts";
import { chevron } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import "../editing/style.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { hrefOf, type RoomView } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import {
  type AccountView,
  type ChannelsStatus,
  describeTraffic,
  describeWaiting,
  isSetUp,
  nameOf,
  standingOf,
} from "./channel.ts";
import "./sheet.ts";
import style from "./channels.css" with { type: "text" };

adopt(style);

/** Times of messages are not announced. */
const FRESH_MS = 15_000;

export const showChannels: RoomView = (desk, rest) => {
  const [channel = "", account] = (rest ?? "").split("/");
  return CHANNEL_FACTS.some(({ id }) => id === channel)
    ? html`<sk-channel-sheet .desk=${desk} .channel=${channel} .account=${account ?? DEFAULT_ACCOUNT}></sk-channel-sheet>`
    : html`<sk-channels .desk=${desk}></sk-channels>`;
};

@customElement("sk-channels")
export class Channels extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  readonly #status = new Fetched<ChannelsStatus>(
    this,
    () => this.desk,
    (desk) => read(desk, "channels.status", { limit: 1 }),
    ["config.changed", "channels.changed"],
    FRESH_MS,
  );

  protected override render(): TemplateResult {
    return this.#status.render(({ channelOrder, channelAccounts }) => {
      const all = channelOrder.flatMap((id) => (channelAccounts[id] ?? []).map((account) => ({ id, account })));
      const there = all.filter(({ account }) => isSetUp(account));
      const open = channelOrder.filter((id) => !there.some((one) => one.id === id));
      return html`
        <section class="section" aria-labelledby="channels-there">
          <div class="section-head"><h2 id="channels-there">Connected</h2></div>
          ${
            there.length === 0
              ? html`<p class="nothing">None yet. Choose one below, and write to your assistant from there.</p>`
              : html`<ul class="rows">
                  ${there.map(({ id, account }) => html`<li>${this.#renderAccount(id, account)}</li>`)}
                </ul>`
          }
        </section>
        ${
          open.length === 0
            ? nothing
            : html`<section class="section" aria-labelledby="channels-open">
                <div class="section-head"><h2 id="channels-open">Can be added</h2></div>
                <ul class="rows channel-choices">
                  ${open.map((id) => html`<li>${this.#renderChoice(id)}</li>`)}
                </ul>
              </section>`
        }
      `;
    });
  }

  #renderAccount(id: string, account: AccountView): TemplateResult {
    const { tone, text } = standingOf(account);
    const place = account.accountId === DEFAULT_ACCOUNT ? id : `${id}/${account.accountId}`;
    return html`<a class="channel-row" href=${`${hrefOf("channels")}/${place}`}>
      <span class="row-main">
        <span class="row-title channel-name">
          ${nameOf(id, account.accountId)} <span class=${tone === "plain" ? "badge" : `badge badge-${tone}`}>${text}</span>
        </span>
        <span class="row-note channel-line">${noteOf(account)}</span>
        ${describeWaiting(account, id, Date.now()).map((text) => html`<span class="row-note channel-waits">${text}</span>`)}
      </span>
      <span class="channel-go">${chevron}</span>
    </a>`;
  }

  #renderChoice(id: string): TemplateResult {
    return html`<a class="channel-row" href=${hrefOf("channels", id)}>
      <span class="row-main row-title">${nameOf(id, DEFAULT_ACCOUNT)}</span>
      <span class="channel-go">${chevron}</span>
    </a>`;
  }
}

/** What there is to say of an account: what its line says, its trouble, or what came and went. */
function noteOf(account: AccountView): string {
  const { line, lastError, enabled } = account;
  const said = enabled && line && line.phase !== "open" ? line.said : undefined;
  return said ?? lastError ?? describeTraffic(account, Date.now());
}

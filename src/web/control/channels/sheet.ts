// One account of a channel: how it does, its keys, its address, who may write there, and the way to take it away. Without
// keys: the form that connects it. The account “+” is one that is about to be made.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { PageElement } from "../../components/element.ts";
import { wave } from "../../pictures/icons.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { writeRoute } from "../../state/route.ts";
import { patchSettings, readRefusal } from "../editing/document.ts";
import { back } from "../icons.ts";
import { ask } from "../parts/ask.ts";
import { Fetched } from "../parts/fetched.ts";
import { describeAgo, describeMoment } from "../parts/words.ts";
import { hrefOf } from "../rooms.ts";
import {
  type AccountView,
  type ChannelFile,
  describeLine,
  describePresence,
  describeWaiting,
  isNear,
  labelOf,
  namedAccount,
  nameOf,
  readChannel,
  type Step,
  standingOf,
  webhookOf,
} from "./channel.ts";
import "./connect-form.ts";
import "./link.ts";
import "./policies.ts";
import { settingsPatch } from "./rules.ts";
import { showSteps } from "./steps.ts";

const FRESH_MS = 15_000;
/** A platform may take its time to answer. */
const PLATFORM_TIMEOUT_MS = 45_000;
/** Phases of a line in which the owner can link the account, or has to. */
const LINKABLE = ["unlinked", "linking", "refused"];
/** In the address: an account that has no name yet. */
const NEW_ACCOUNT = "+";

@customElement("sk-channel-sheet")
export class ChannelSheet extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) channel = "";
  @property({ attribute: false }) account: string = DEFAULT_ACCOUNT;
  @state() private isGivingKeys = false;
  @state() private doing: string | undefined;
  @state() private outcome: Step | undefined;
  @state() private steps: readonly Step[] = [];
  #shown = "";
  /** The form that connects it stands, and stays while the first keys are kept and tried. */
  #isNew = false;
  readonly #file = new Fetched<ChannelFile>(
    this,
    () => this.desk,
    (desk) => readChannel(desk, this.channel),
    ["config.changed", "channels.changed"],
    FRESH_MS,
  );

  protected override willUpdate(): void {
    const shown = `${this.channel}/${this.account}`;
    if (this.#shown === shown) return;
    const isFirst = this.#shown === "";
    this.#shown = shown;
    this.#isNew = false;
    this.isGivingKeys = false;
    this.outcome = undefined;
    this.steps = [];
    if (isFirst) return;
    this.#file.clear();
    void this.#file.load();
  }

  protected override render(): TemplateResult {
    const { desk, channel } = this;
    if (!desk) return html``;
    return html`<div class="channel-sheet">
      <a class="channel-back" href=${hrefOf("channels")}>${back} All channels</a>
      ${this.#file.render((file) => {
        if (this.account === NEW_ACCOUNT) return this.#renderNew(desk, undefined);
        const account = file.accounts.find(({ accountId }) => accountId === this.account);
        if (!account) return html`<p class="nothing">${labelOf(channel)} has no account “${this.account}”.</p>`;
        this.#isNew ||= account.tokenSource === "none";
        return this.#isNew ? this.#renderNew(desk, account) : this.#renderAccount(desk, file, account);
      })}
    </div>`;
  }

  #renderNew(desk: Desk, account: AccountView | undefined): TemplateResult {
    return html`<section class="section" aria-labelledby="channel-title">
      <div class="section-head">
        <h2 id="channel-title">${account ? `Connect ${labelOf(this.channel)}` : `Another account of ${labelOf(this.channel)}`}</h2>
      </div>
      ${renderTrouble(account)} ${this.#renderForm(desk, account)} ${showSteps(this.steps)}
    </section>`;
  }

  #renderForm(desk: Desk, account: AccountView | undefined): TemplateResult {
    return html`<sk-connect-form
      .desk=${desk}
      .channel=${this.channel}
      .account=${account}
      @connected=${(event: CustomEvent<{ accountId: string; steps: Step[] }>) => this.#noteConnected(event.detail)}
      @given-up=${this.#closeForm}
    ></sk-connect-form>`;
  }

  #renderAccount(desk: Desk, file: ChannelFile, account: AccountView): TemplateResult {
    const { channel } = this;
    const name = nameOf(channel, account.accountId);
    const { tone, text } = standingOf(account);
    const isBusy = this.doing !== undefined;
    return html`
      <section class="section" aria-labelledby="channel-title">
        <div class="section-head">
          <h2 id="channel-title">${name} <span class=${tone === "plain" ? "badge" : `badge badge-${tone}`}>${text}</span></h2>
          ${this.isGivingKeys ? nothing : this.#renderTools(desk, file, account)}
        </div>
        ${renderTrouble(account)} ${renderWaiting(account, channel)}
        ${this.isGivingKeys ? nothing : this.#renderLinking(desk, account)}
        <div role="status">
          ${this.doing === undefined ? nothing : html`<p class="outcome">${wave} ${this.doing}</p>`}
          ${this.outcome === undefined || isBusy ? nothing : showSteps([this.outcome])}
        </div>
        ${showSteps(this.steps)}
        ${this.isGivingKeys ? this.#renderForm(desk, account) : this.#renderFacts(desk, account)}
      </section>
      ${
        this.isGivingKeys
          ? nothing
          : html`<sk-channel-policies
              .desk=${desk}
              .channel=${channel}
              .account=${account}
              .file=${file}
              @settings-changed=${() => this.#file.load()}
            ></sk-channel-policies>`
      }
      <p class="section-note channel-more">
        ${
          account.accountId === DEFAULT_ACCOUNT
            ? html`<a href=${`${hrefOf("channels")}/${channel}/${NEW_ACCOUNT}`}>Connect another account of ${labelOf(channel)}</a> · `
            : nothing
        }<a href=${hrefOf("settings")}>Everything else about it, in the settings</a>
      </p>
    `;
  }

  /** Where the owner has to link the account by a code. */
  #renderLinking(desk: Desk, { accountId, line, enabled }: AccountView): TemplateResult | typeof nothing {
    const isToBeLinked = line !== undefined && LINKABLE.includes(line.phase);
    if (!isToBeLinked || !enabled || channelFacts(this.channel)?.linking === undefined) return nothing;
    return html`<sk-channel-link
      .desk=${desk}
      .channel=${this.channel}
      .account=${accountId}
      @linked=${() => this.#file.load()}
    ></sk-channel-link>`;
  }

  #renderTools(desk: Desk, file: ChannelFile, account: AccountView): TemplateResult {
    const isBusy = this.doing !== undefined;
    return html`<div class="tools">
            <button type="button" class="button button-small" ?disabled=${isBusy || !account.configured} @click=${() => this.#test(desk)}>Test</button>
            <button type="button" class="button button-small channel-keys" ?disabled=${isBusy} @click=${this.#openForm}>${account.configured ? "Give keys again" : "Give what is missing"}</button>
            <button type="button" class="button button-small" ?disabled=${isBusy} @click=${() => this.#turn(desk, file, account)}>
              ${account.enabled ? "Switch off" : "Switch on"}
            </button>
            <button type="button" class="button button-small button-grave" ?disabled=${isBusy} @click=${() => this.#remove(desk, account)}>
              Remove…
            </button>
          </div>`;
  }

  #renderFacts(desk: Desk, account: AccountView): TemplateResult {
    const now = Date.now();
    const address = webhookOf(location.origin, this.channel, account.accountId);
    return html`<dl class="facts channel-facts">
      <dt>Keys</dt>
      <dd>${describeKeys(account)}</dd>
      <dt>Last message</dt>
      <dd>${account.lastInboundAt === undefined ? "none yet" : describeAgo(account.lastInboundAt, now)}</dd>
      <dt>Last answer</dt>
      <dd>${account.lastOutboundAt === undefined ? "none yet" : describeAgo(account.lastOutboundAt, now)}</dd>
      ${
        account.talks?.length
          ? html`<dt>There now</dt>
              <dd>${account.talks.map(
                (talk) => html`<p>
                    <a href=${writeRoute({ room: "chat", rest: talk.sessionKey })}><bdi>${talk.name ?? "Somebody"}</bdi></a>:
                    ${describePresence(talk, now)}
                  </p>`,
              )}</dd>`
          : nothing
      }
      ${
        account.line
          ? html`<dt>Line</dt>
              <dd>${describeLine(account.line)}</dd>`
          : nothing
      }
      ${
        this.channel === "email" || channelFacts(this.channel)?.home === "needed"
          ? nothing
          : html`<dt>Webhook</dt>
              <dd class="channel-address">
                <code>${address}</code>
                <button type="button" class="button button-small" aria-label="Copy the webhook’s address" @click=${() => copyAddress(desk, address)}>Copy</button>
                ${isNear(location.origin) ? html`<span class="row-note">From outside it begins with the deployed address, or a tunnel’s.</span>` : nothing}
              </dd>`
      }
    </dl>`;
  }

  #openForm = (): void => {
    this.isGivingKeys = true;
    this.outcome = undefined;
    this.steps = [];
  };

  #closeForm = (): void => {
    if (!this.isGivingKeys) {
      location.hash = hrefOf("channels");
      return;
    }
    this.isGivingKeys = false;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".channel-keys")?.focus());
  };

  /** What was read before the keys were given would show the form once more. */
  async #noteConnected({ accountId, steps }: { accountId: string; steps: Step[] }): Promise<void> {
    await this.#file.load();
    this.#isNew = false;
    this.isGivingKeys = false;
    if (accountId !== this.account) {
      // The sheet of the new account begins with what was done for it.
      this.#shown = `${this.channel}/${accountId}`;
      this.account = accountId;
      location.hash = `${hrefOf("channels")}/${this.channel}/${accountId}`;
    }
    this.steps = steps;
    await this.updateComplete;
    this.querySelector<HTMLElement>(".channel-keys")?.focus();
  }

  #test(desk: Desk): Promise<void> {
    return this.#do(`Asking ${labelOf(this.channel)}…`, async () => {
      const { bot } = await desk.client.request<{ bot: string }>("channels.test", namedAccount(this.channel, this.account), {
        timeoutMs: PLATFORM_TIMEOUT_MS,
      });
      return { state: "done", text: `${labelOf(this.channel)} answers: ${bot}` };
    });
  }

  #turn(desk: Desk, { settings }: ChannelFile, { accountId, enabled }: AccountView): Promise<void> {
    const word = enabled ? "Switched off: nobody is heard there." : "Switched on.";
    return this.#do("Applying…", async () => {
      await patchSettings(desk, settingsPatch(this.channel, accountId, { enabled: !enabled }), settings.hash);
      return { state: "done", text: word };
    });
  }

  async #remove(desk: Desk, account: AccountView): Promise<void> {
    const name = nameOf(this.channel, account.accountId);
    const rest =
      account.tokenSource === "environment"
        ? " Its keys stand in variables and stay there: take them away where they are set, or switch the channel off."
        : " Its keys are deleted here; at the platform they stay valid.";
    const isSure = await ask({
      title: `Remove ${name}?`,
      text: `Nobody is heard or answered there any more, and whoever waits there to be let in is forgotten.${rest} People, their talks and the settings stay.`,
      yes: "Remove",
    });
    if (!isSure) return;
    const params = namedAccount(this.channel, account.accountId);
    await this.#do(`Telling ${labelOf(this.channel)}…`, async () => {
      const answer = await desk.client.request<{ steps: Step[]; keysLeft: boolean }>("channels.remove", params, {
        timeoutMs: PLATFORM_TIMEOUT_MS,
      });
      const undone = answer.steps.filter(({ state }) => state !== "done").map(({ text }) => text);
      if (!answer.keysLeft) {
        desk.say([`${name} is removed.`, ...undone].join(" "));
        location.hash = hrefOf("channels");
      }
      return { state: undone.length > 0 ? "by-hand" : "done", text: [`The keys given here are gone.`, ...undone].join(" ") };
    });
  }

  async #do(doing: string, work: () => Promise<Step>): Promise<void> {
    if (this.doing !== undefined) return;
    this.doing = doing;
    this.steps = [];
    try {
      this.outcome = await work();
    } catch (error) {
      const refusal = readRefusal(error);
      const text = refusal.isConflict ? "The settings were changed elsewhere meanwhile; try again." : sentenceOf(error);
      this.outcome = { state: "failed", text };
    }
    this.doing = undefined;
    await this.#file.load();
  }
}

function renderTrouble(account: AccountView | undefined): TemplateResult | typeof nothing {
  const { line } = account ?? {};
  // What is to be done while it is linked stands beside the code.
  if (line?.phase === "linking") return nothing;
  if (account?.enabled && line && line.phase !== "open" && line.said !== undefined) {
    const tone = standingOf(account).tone === "bad" && line.phase !== "unlinked" ? "notice notice-bad" : "notice";
    return html`<div class=${tone}><p>${line.said}</p></div>`;
  }
  if (account?.lastError === undefined) return nothing;
  const since =
    account.lastErrorAt === undefined
      ? nothing
      : html` <span class="row-note">${describeAgo(account.lastErrorAt, Date.now())}</span>`;
  return html`<div class="notice notice-bad"><p>${account.lastError}${since}</p></div>`;
}

function renderWaiting(account: AccountView, channel: string): TemplateResult | typeof nothing {
  const said = describeWaiting(account, channel, Date.now());
  if (said.length === 0) return nothing;
  return html`<div class="notice channel-waits">${said.map((text) => html`<p>${text}</p>`)}</div>`;
}

function describeKeys({ tokenSource, keysSetAtMs, missing }: AccountView): string {
  const lack = missing.length === 0 ? "" : ` Still missing: ${missing.join(", ")}.`;
  switch (tokenSource) {
    case "stored":
      return `Kept here, sealed${keysSetAtMs === undefined ? "" : `, given ${describeMoment(keysSetAtMs)}`}.${lack}`;
    case "environment":
      return `From variables of the environment.${lack}`;
    case "none":
      return `None.${lack}`;
    default:
      return tokenSource satisfies never;
  }
}

async function copyAddress(desk: Desk, address: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(address);
    desk.say("The address is copied.");
  } catch {
    desk.say("The browser does not let the page copy. Select the address and copy it by hand.", "error");
  }
}

// Who may write to an account: directly, and in groups. Everything here stands in the settings and is changed there.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { GroupSettings } from "../../../contract/channels/settings.ts";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { patchSettings, readRefusal } from "../editing/document.ts";
import { ask } from "../parts/ask.ts";
import { describeAgo } from "../parts/words.ts";
import { type AccountView, type ChannelFile, labelOf } from "./channel.ts";
import { type GroupChange, groupPatch, readRules, settingsPatch } from "./rules.ts";

const DIRECT: Readonly<Record<string, readonly [label: string, note: string]>> = {
  pairing: ["Strangers get a code", "Whoever is not known gets a code once; you let them in or turn them down under People."],
  allowlist: ["Only those listed", "You, and the senders listed below. Everybody else gets no answer."],
  open: ["Everybody", "Anybody who finds the account may write, and costs you money."],
  disabled: ["Nobody", "Direct talks are switched off, yours too."],
};
const GROUPS: Readonly<Record<string, readonly [label: string, note: string]>> = {
  allowlist: ["Only those heard below", "A group is heard once you switch it on."],
  open: ["Every group", "Heard in every group it is in, but for those switched off below."],
  disabled: ["None", "Groups are switched off."],
};

interface GroupRow {
  groupId: string;
  name?: string;
  isHeard: boolean;
  lastSeenAtMs?: number;
}

@customElement("sk-channel-policies")
export class ChannelPolicies extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) channel = "";
  @property({ attribute: false }) account: AccountView | undefined;
  @property({ attribute: false }) file: ChannelFile | undefined;
  @state() private isSaving = false;
  @state() private problem: string | undefined;

  protected override render(): TemplateResult {
    const { account, file } = this;
    if (!account || !file) return html``;
    const rules = readRules(file.settings.parsed, this.channel, account.accountId);
    const groups = rowsOf(file, account, rules.groups ?? {});
    return html`
      <section class="section" aria-labelledby="policies-title">
        <div class="section-head"><h2 id="policies-title">Who may write</h2></div>
        ${this.problem === undefined ? nothing : html`<div class="notice notice-bad" role="alert"><p>${this.problem}</p></div>`}
        <div class="policies">
          ${this.#renderPolicy("policy-direct", "Directly", DIRECT, account.dmPolicy, (next) => this.#setDirect(next, rules.allowFrom ?? []))}
          ${this.#renderPolicy("policy-groups", "In groups", GROUPS, account.groupPolicy, (next) => this.#save({ groupPolicy: next }))}
          ${this.#renderSenders(rules.allowFrom ?? [], account.dmPolicy === "allowlist" || (rules.allowFrom ?? []).length > 0)}
        </div>
      </section>
      <section class="section" aria-labelledby="groups-title">
        <div class="section-head"><h2 id="groups-title">Groups</h2></div>
        ${
          groups.length === 0
            ? html`<p class="nothing">Add it to a group and write there once: the group is listed here then, to be switched on.</p>`
            : html`<ul class="rows">
                ${repeat(
                  groups,
                  ({ groupId }) => groupId,
                  (group) => html`<li class="row">${this.#renderGroup(group, account, file)}</li>`,
                )}
              </ul>`
        }
      </section>
    `;
  }

  #renderPolicy(
    id: string,
    label: string,
    words: Readonly<Record<string, readonly [string, string]>>,
    chosen: string,
    choose: (next: string) => unknown,
  ): TemplateResult {
    return html`<div class="ask-field">
      <label for=${id}>${label}</label>
      <select
        id=${id}
        class="field"
        aria-describedby=${`${id}-note`}
        ?disabled=${this.isSaving}
        .value=${live(chosen)}
        @change=${(event: Event) => event.target instanceof HTMLSelectElement && choose(event.target.value)}
      >
        ${Object.entries(words).map(([value, [name]]) => html`<option value=${value} ?selected=${value === chosen}>${name}</option>`)}
      </select>
      <p id=${`${id}-note`} class="field-note">${words[chosen]?.[1]}</p>
    </div>`;
  }

  #renderSenders(allowFrom: readonly string[], isShown: boolean): TemplateResult | typeof nothing {
    if (!isShown) return nothing;
    return html`<form class="ask-field policy-senders" @submit=${this.#saveSenders}>
      <label for="policy-senders">Senders who need no code</label>
      <p id="policy-senders-note" class="field-note">One a line: the id that ${labelOf(this.channel)} gives them, as the log under People tells. * stands for everybody where everybody may write.</p>
      <textarea
        id="policy-senders"
        class="field mono policy-list"
        rows=${Math.min(8, Math.max(2, allowFrom.length + 1))}
        spellcheck="false"
        dir="ltr"
        aria-describedby="policy-senders-note"
        ?disabled=${this.isSaving}
        .value=${allowFrom.join("\n")}
      ></textarea>
      <div class="tools"><button class="button" ?disabled=${this.isSaving}>Save the list</button></div>
    </form>`;
  }

  #renderGroup(group: GroupRow, account: AccountView, file: ChannelFile): TemplateResult {
    const { groupId, name = groupId, isHeard, lastSeenAtMs } = group;
    const rule = readRules(file.settings.parsed, this.channel, account.accountId).groups?.[groupId];
    const isOff = this.isSaving || account.groupPolicy === "disabled";
    const seen =
      lastSeenAtMs === undefined ? "nobody wrote there yet" : `last written in ${describeAgo(lastSeenAtMs, Date.now())}`;
    const change = (next: GroupChange) => this.#changeGroup(account, file, groupId, next);
    return html`
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked=${isHeard ? "true" : "false"}
        aria-label=${`Heard in ${name}`}
        ?disabled=${isOff}
        @click=${() => change({ kind: isHeard ? "ignore" : "hear" })}
      ></button>
      <div class="row-main">
        <p class="row-title"><bdi>${name}</bdi></p>
        <p class="row-note">${name === groupId ? nothing : html`<code>${groupId}</code> · `}${isHeard ? seen : `not heard, ${seen}`}</p>
      </div>
      ${
        isHeard
          ? html`<div class="tools">
              <select
                class="field group-choice"
                aria-label=${`What is answered in ${name}`}
                ?disabled=${isOff}
                .value=${live(rule?.requireMention === false ? "always" : "mention")}
                @change=${(event: Event) =>
                  event.target instanceof HTMLSelectElement &&
                  change({ kind: "activation", requireMention: event.target.value === "mention" })}
              >
                <option value="mention">Answers when spoken to</option>
                <option value="always" ?selected=${rule?.requireMention === false}>Answers everything</option>
              </select>
              ${file.agents.length > 1 ? this.#renderAgent(name, rule?.agentId, file, isOff, change) : nothing}
            </div>`
          : nothing
      }
    `;
  }

  #renderAgent(
    name: string,
    chosen: string | undefined,
    file: ChannelFile,
    isOff: boolean,
    change: (next: GroupChange) => unknown,
  ): TemplateResult {
    return html`<select
      class="field group-choice"
      aria-label=${`Who answers in ${name}`}
      ?disabled=${isOff}
      .value=${live(chosen ?? "")}
      @change=${(event: Event) =>
        event.target instanceof HTMLSelectElement && change({ kind: "agent", agentId: event.target.value || undefined })}
    >
      <option value="">The usual agent</option>
      ${file.agents.map((agent) => html`<option value=${agent.id} ?selected=${agent.id === chosen}>${agent.name}</option>`)}
    </select>`;
  }

  async #setDirect(next: string, allowFrom: readonly string[]): Promise<void> {
    if (next !== "open") {
      await this.#save({
        dmPolicy: next,
        ...(allowFrom.includes("*") ? { allowFrom: allowFrom.filter((one) => one !== "*") } : {}),
      });
      return;
    }
    const isSure = await ask({
      title: "Let everybody write?",
      text: `Anybody who finds it on ${labelOf(this.channel)} talks with your assistant, as a guest and on your bill.`,
      yes: "Let everybody write",
    });
    if (isSure) await this.#save({ dmPolicy: next, allowFrom: [...new Set([...allowFrom, "*"])] });
    else this.requestUpdate();
  }

  #saveSenders = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = this.querySelector<HTMLTextAreaElement>("#policy-senders")?.value ?? "";
    const senders = text.split(/[\n,]/).map((line) => line.trim());
    void this.#save({ allowFrom: [...new Set(senders.filter((sender) => sender !== ""))] });
  };

  #changeGroup(account: AccountView, file: ChannelFile, groupId: string, change: GroupChange): Promise<void> {
    const place = { channel: this.channel, accountId: account.accountId, groupId };
    return this.#apply(groupPatch(file.settings.parsed, place, change));
  }

  #save(change: Record<string, unknown>): Promise<void> {
    return this.#apply(settingsPatch(this.channel, this.account?.accountId ?? "", change));
  }

  async #apply(patch: Record<string, unknown>): Promise<void> {
    const { desk, file } = this;
    if (!desk || !file) return;
    this.isSaving = true;
    this.problem = undefined;
    try {
      await patchSettings(desk, patch, file.settings.hash);
      desk.say("Applied; it holds from the next message on.");
    } catch (error) {
      const refusal = readRefusal(error);
      this.problem = refusal.isConflict
        ? "The settings were changed elsewhere meanwhile and are read again: choose once more."
        : refusal.message;
    }
    this.dispatchEvent(new CustomEvent("settings-changed"));
    this.isSaving = false;
  }
}

/** Groups that were seen, and those that only the settings name. */
function rowsOf(
  file: ChannelFile,
  { accountId, groupPolicy }: AccountView,
  named: Readonly<Record<string, GroupSettings>>,
): GroupRow[] {
  const seen = file.groups.filter((group) => group.accountId === accountId);
  const unseen = Object.entries(named).flatMap(([groupId, { enabled }]) => {
    const isHeard = groupPolicy !== "disabled" && enabled !== false;
    return groupId === "*" || seen.some((group) => group.groupId === groupId) ? [] : [{ groupId, isHeard }];
  });
  return [...seen, ...unseen];
}

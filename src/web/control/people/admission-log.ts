// Who was not heard lately and why, and whom the owner let in, turned down or blocked. Newest first; never what was written.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { PageElement } from "../../components/element.ts";
import { describeAgo } from "../parts/words.ts";
import { hrefOf } from "../rooms.ts";
import { channelOf, type Decision, keyOf } from "./person.ts";

const PAGE = 20;
type Kind = "all" | "refused" | "answered";
const KINDS: readonly [Kind, string][] = [
  ["all", "All"],
  ["refused", "Not heard"],
  ["answered", "Your answers"],
];
const OUTCOMES: Readonly<Record<Decision["outcome"], readonly [word: string, tone: string]>> = {
  pair: ["got a code", "badge"],
  ignore: ["not heard", "badge"],
  approved: ["let in", "badge badge-good"],
  rejected: ["turned down", "badge badge-bad"],
  blocked: ["blocked", "badge badge-bad"],
};

@customElement("sk-admission-log")
export class AdmissionLog extends PageElement {
  @property({ attribute: false }) decisions: readonly Decision[] = [];
  @state() private kind: Kind = "all";
  @state() private words = "";
  @state() private most = PAGE;

  protected override render(): TemplateResult {
    const found = this.decisions.filter((decision) => isOfKind(decision, this.kind) && hasWords(decision, this.words));
    return html`<section class="section" aria-labelledby="people-log">
      <div class="section-head"><h2 id="people-log">At the door lately</h2></div>
      ${
        this.decisions.length === 0
          ? html`<p class="nothing">Nobody was turned away yet. Whoever is, stands here with the reason; what they wrote is not kept.</p>`
          : html`
              <div class="tools door-tools">
                <div class="choice" role="group" aria-label="Which decisions">
                  ${KINDS.map(
                    ([kind, name]) =>
                      html`<button type="button" aria-pressed=${this.kind === kind ? "true" : "false"} @click=${() => this.#choose(kind)}>${name}</button>`,
                  )}
                </div>
                <label class="unseen" for="door-words">Find in the log</label>
                <input
                  id="door-words"
                  class="field door-words"
                  type="search"
                  placeholder="Find a name or a reason"
                  maxlength="100"
                  autocomplete="off"
                  spellcheck="false"
                  @input=${this.#seek}
                />
              </div>
              ${found.length === 0 ? html`<p class="nothing" role="status">Nothing of that kind.</p>` : this.#renderFound(found)}
            `
      }
    </section>`;
  }

  #renderFound(found: readonly Decision[]): TemplateResult {
    const now = Date.now();
    return html`<ul class="rows">
        ${repeat(
          found.slice(0, this.most),
          (decision) => `${keyOf(decision)} ${decision.groupId} ${decision.outcome} ${decision.reason}`,
          (decision) => html`<li class="door-line">${renderDecision(decision, now)}</li>`,
        )}
      </ul>
      ${
        found.length > this.most
          ? html`<button type="button" class="button door-more" @click=${this.#showMore}>Show ${Math.min(PAGE, found.length - this.most)} more</button>`
          : nothing
      }`;
  }

  #choose(kind: Kind): void {
    this.kind = kind;
    this.most = PAGE;
  }

  #seek = (event: InputEvent): void => {
    if (event.target instanceof HTMLInputElement) this.words = event.target.value.trim().toLowerCase();
    this.most = PAGE;
  };

  #showMore = (): void => {
    this.most += PAGE;
  };
}

function renderDecision(decision: Decision, now: number): TemplateResult {
  const { senderName, senderId, groupId, groupName, outcome, reason, times, atMs } = decision;
  const [word, tone] = OUTCOMES[outcome];
  const group = groupId === undefined ? nothing : html` in <bdi>${groupName ?? groupId}</bdi>`;
  return html`
    <p class="door-who"><bdi class="row-title">${senderName ?? senderId}</bdi> <span class=${tone}>${word}</span></p>
    <p class="row-note">${reason}${times > 1 ? html` <span class="door-times">${times} times</span>` : nothing}${
      groupId !== undefined && outcome === "ignore"
        ? html` <a href=${`${hrefOf("channels")}/${decision.channel}${decision.accountId === DEFAULT_ACCOUNT ? "" : `/${decision.accountId}`}`}>To the group</a>`
        : nothing
    }</p>
    <p class="row-note door-where">${channelOf(decision)} · <bdi class="mono">${senderId}</bdi>${group} · ${describeAgo(atMs, now)}</p>
  `;
}

function isOfKind({ outcome }: Decision, kind: Kind): boolean {
  const isRefusal = outcome === "ignore" || outcome === "pair";
  return kind === "all" || (kind === "refused") === isRefusal;
}

function hasWords(decision: Decision, words: string): boolean {
  if (words === "") return true;
  const { senderName, senderId, groupName, groupId, reason } = decision;
  return [senderName, senderId, groupName, groupId, reason, channelOf(decision)].some((text) =>
    text?.toLowerCase().includes(words),
  );
}

// A command that waits for the owner's word, in the talk and in the room of approvals: what would run and where, why it is
// asked, and three answers. It is shown with its hidden signs spelled out; nobody allows what they have not seen whole.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ApprovalDecision } from "../../../contract/home/approval.ts";
import type { ApprovalView } from "../../../contract/home/approval-view.ts";
import type { ExecSegment } from "../../../contract/home/commands.ts";
import { showLine, showText } from "../../../contract/home/shown-text.ts";
import { PageElement } from "../../components/element.ts";
import { warning } from "../../pictures/icons.ts";
import type { Desk } from "../../state/desk.ts";
import { describeSpan } from "../parts/words.ts";
import { adopt } from "../styles/adopt.ts";
import style from "./approvals.css" with { type: "text" };
import { renderSessionLink } from "./session-link.ts";

adopt(style);

const SECOND_MS = 1000;
/** A card that has just come under a pointer takes no press yet: it was meant for what stood there before. */
const SETTLE_MS = 500;
/** From here on every second counts. */
const SOON_MS = 120_000;

const VERDICTS: Record<ExecSegment["verdict"], { words: string; tone: string }> = {
  allowed: { words: "allowed", tone: "badge-good" },
  "not-listed": { words: "not on the list", tone: "" },
  "not-found": { words: "not found there", tone: "badge-bad" },
  unprovable: { words: "cannot be judged", tone: "badge-bad" },
};
const DONE: Record<ApprovalDecision, string> = {
  "allow-once": "Allowed once.",
  "allow-always": "Allowed, and remembered on that machine.",
  deny: "Denied.",
};

@customElement("sk-approval")
export class ApprovalCard extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) approval: ApprovalView | undefined;
  /** It stands in the talk that waits, which needs no naming. */
  @property({ attribute: false }) isInTalk = false;
  /** Which of several it is, counted from the top. */
  @property({ attribute: false }) place = 0;
  @state() private now = Date.now();
  @state() private isBusy = false;
  @state() private isSettling = false;
  @state() private whole: ApprovalView | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      this.now = Date.now();
    }, SECOND_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (this.whole && this.whole.id !== this.approval?.id) this.whole = undefined;
    const before = changed.get("approval") as ApprovalView | undefined;
    const isAnother = changed.has("approval") && before?.id !== this.approval?.id;
    if (isAnother || changed.has("place")) this.#settle();
  }

  protected override render(): TemplateResult {
    const { desk, approval } = this;
    if (!desk || !approval) return html``;
    const { request } = this.whole ?? approval;
    const isWhole = request.command.length >= request.commandLength;
    const shown = showText(request.command);
    const place = `${request.host === "sandbox" ? "in a container on" : "on"}`;
    return html`<section class="approval" aria-label="A command waits for your word">
      <p class="approval-head">
        <span>May this run ${place} <bdi class="approval-name">${showLine(request.nodeName, 80)}</bdi>?</span>
        <span class="approval-left" aria-live="off" title=${new Date(approval.expiresAtMs).toLocaleString()}>${this.#describeLeft(approval)}</span>
      </p>
      ${this.isInTalk ? nothing : html`<p class="row-note">Asked in ${renderSessionLink(desk, request.sessionKey)}</p>`}
      <pre class="approval-command" tabindex="0" dir="ltr" aria-label="Command"><code>${shown.text}</code></pre>
      ${isWhole ? nothing : this.#renderMore(desk, approval)}
      ${shown.warnings.map((text) => html`<p class="approval-warning">${warning}<span>${text}</span></p>`)}
      <dl class="approval-facts">
        <dt>Folder</dt>
        <dd class="mono"><bdi>${showLine(request.cwd, 200)}</bdi></dd>
        <dt>Why asked</dt>
        <dd><bdi>${showLine(request.reason, 400)}</bdi></dd>
      </dl>
      ${this.#renderSegments(request)}
      <div class="tools approval-ways">
        ${this.#renderWay(desk, approval, "allow-once", "Allow once", "button-strong", isWhole)}
        ${this.#renderWay(desk, approval, "allow-always", "Always", "", isWhole)}
        ${this.#renderWay(desk, approval, "deny", "Deny", "", true)}
        <span class="approval-code">or <code>/approve ${approval.code} once</code></span>
      </div>
    </section>`;
  }

  #renderMore(desk: Desk, { id, request }: ApprovalView): TemplateResult {
    const count = request.commandLength.toLocaleString("en");
    return html`<p class="approval-warning">
      ${warning}<span
        >It has ${count} characters; only the first ${request.command.length.toLocaleString("en")} are shown.
        <button type="button" class="link-button" @click=${() => this.#fetchWhole(desk, id)}>Show all of it</button> before you allow it.</span
      >
    </p>`;
  }

  #renderSegments({ segments, command }: ApprovalView["request"]): TemplateResult | typeof nothing {
    if (segments.length === 0) return nothing;
    // One part is the command itself, which stands above; said again it would only be more to read.
    const isAll = segments.length === 1 && segments[0] !== undefined && segments[0].text.trim() === command.trim();
    return html`<ul class="approval-segments" aria-label=${isAll ? "Its program" : "Its parts"}>
      ${segments.map(({ text, executable, verdict, reason }) => {
        const { words, tone } = VERDICTS[verdict];
        return html`<li>
          ${isAll ? nothing : html`<code>${showLine(text, 160)}</code>`}
          <span class=${`badge ${tone}`}>${words}</span>
          ${executable === undefined && reason === undefined ? nothing : html`<span class="row-note"><bdi>${showLine([executable, reason].filter(Boolean).join(": "), 200)}</bdi></span>`}
        </li>`;
      })}
    </ul>`;
  }

  #renderWay(
    desk: Desk,
    approval: ApprovalView,
    decision: ApprovalDecision,
    label: string,
    tone: string,
    isOffered: boolean,
  ): TemplateResult {
    return html`<button
      type="button"
      class=${`button button-small ${tone}`}
      ?disabled=${this.isBusy || !isOffered || approval.expiresAtMs <= this.now}
      aria-disabled=${this.isSettling ? "true" : nothing}
      title=${isOffered ? nothing : "Look at the whole command first"}
      @click=${() => this.isSettling || this.#decide(desk, approval.id, decision)}
    >
      ${label}
    </button>`;
  }

  #describeLeft({ expiresAtMs }: ApprovalView): string {
    const leftMs = expiresAtMs - this.now;
    if (leftMs <= 0) return "too late";
    return leftMs < SOON_MS ? `${Math.ceil(leftMs / SECOND_MS)} s left` : `${describeSpan(leftMs)} left`;
  }

  async #fetchWhole(desk: Desk, id: string): Promise<void> {
    await desk.attempt(async () => {
      this.whole = await desk.client.request<ApprovalView>("exec.approval.get", { id }, { isRepeatable: true });
    });
  }

  async #decide(desk: Desk, id: string, decision: ApprovalDecision): Promise<void> {
    // Once it is decided this card may be gone.
    const ground = this.closest("sk-chat, sk-approvals");
    this.isBusy = true;
    if (await desk.attempt(() => desk.questions.decide(id, decision))) desk.say(DONE[decision]);
    this.isBusy = false;
    ground?.dispatchEvent(new CustomEvent("approval-decided"));
  }

  #settle(): void {
    this.isSettling = true;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.isSettling = false;
    }, SETTLE_MS);
  }
}

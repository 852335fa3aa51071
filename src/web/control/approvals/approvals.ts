// Approvals: the commands that wait for the owner's word, and what became of the others within thirty days.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { type ApprovalView, describeEnd } from "../../../contract/home/approval-view.ts";
import { showLine } from "../../../contract/home/shown-text.ts";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { Watch } from "../../state/signal.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { describeMoment } from "../parts/words.ts";
import type { RoomView } from "../rooms.ts";
import "./card.ts";
import { renderSessionLink } from "./session-link.ts";

interface Known {
  open: readonly ApprovalView[];
  past: readonly ApprovalView[];
}

export const showApprovals: RoomView = (desk) => html`<sk-approvals .desk=${desk}></sk-approvals>`;

@customElement("sk-approvals")
export class Approvals extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  readonly #known = new Fetched<Known>(this, () => this.desk, readApprovals, [
    "exec.approval.requested",
    "exec.approval.resolved",
  ]);

  constructor() {
    super();
    new Watch(this, () => this.desk?.sessions);
    this.addEventListener("approval-decided", () => void this.#goOn());
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    if (!desk) return html``;
    return this.#known.render(
      ({ open, past }) => html`
        <section class="section" aria-labelledby="approvals-open">
          <div class="section-head"><h2 id="approvals-open" tabindex="-1">Waiting for your word</h2></div>
          <div class="approvals-open" aria-live="polite">
            ${
              open.length === 0
                ? html`<p class="nothing">
                    Nothing waits. A command that is not on a machine’s list stands here, and in the talk, for half an hour.
                  </p>`
                : repeat(
                    open,
                    ({ id }) => id,
                    (approval, place) => html`<sk-approval .desk=${desk} .approval=${approval} .place=${place}></sk-approval>`,
                  )
            }
          </div>
        </section>
        <section class="section" aria-labelledby="approvals-past">
          <div class="section-head"><h2 id="approvals-past">What was decided</h2></div>
          ${past.length === 0 ? html`<p class="nothing">Nothing yet. Decisions stay here for thirty days.</p>` : renderPast(desk, past)}
        </section>
      `,
    );
  }

  /** What had the focus went with its card. The next card's button would be too near: one press more, and it is allowed too. */
  async #goOn(): Promise<void> {
    await this.#known.load();
    await this.updateComplete;
    if (document.activeElement === document.body) this.querySelector<HTMLElement>("#approvals-open")?.focus();
  }
}

function renderPast(desk: Desk, past: readonly ApprovalView[]): TemplateResult {
  return html`<ul class="rows">
    ${repeat(
      past,
      ({ id }) => id,
      (approval) => html`<li class="row">
        <div class="row-main">
          <p class="row-title"><code class="approval-line">${showLine(approval.request.command, 240)}</code></p>
          <p class="row-note">
            ${approval.resolvedAtMs === undefined ? nothing : html`${describeMoment(approval.resolvedAtMs)} · `}<bdi
              >${approval.request.host === "sandbox" ? "container on " : ""}${showLine(approval.request.nodeName, 60)}</bdi
            >
            ·
            ${renderSessionLink(desk, approval.request.sessionKey)}
          </p>
        </div>
        <span class=${`badge ${toneOf(approval)}`}>${describeEnd(endOf(approval))}</span>
      </li>`,
    )}
  </ul>`;
}

function endOf({ state, decision, resolvedBy }: ApprovalView) {
  return { state, ...(decision ? { decision } : {}), ...(resolvedBy === undefined ? {} : { by: showLine(resolvedBy, 40) }) };
}

function toneOf({ state, decision }: ApprovalView): string {
  if (state !== "decided") return "";
  return decision === "deny" ? "badge-bad" : "badge-good";
}

async function readApprovals(desk: Desk): Promise<Known> {
  const [open, { approvals }] = await Promise.all([
    read<ApprovalView[], "exec.approval.list">(desk, "exec.approval.list", {}),
    read<{ approvals: ApprovalView[] }, "approval.history">(desk, "approval.history", {}),
  ]);
  return { open, past: approvals };
}

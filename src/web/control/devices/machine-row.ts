// One machine at home: whether it is here, what the agent may do there, how its sandbox stands, its name, and the way out.
// What it offers beyond what was allowed is asked for here, and not used before.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { SandboxStatus } from "../../../contract/home/commands.ts";
import { PageElement } from "../../components/element.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { ask } from "../parts/ask.ts";
import { describeAgo, describeSpan } from "../parts/words.ts";
import { describeOffer, describePlatform, describeSandbox, type Machine, nameOf, type SandboxWords } from "./machine.ts";
import { renderCommands } from "./offer.ts";

/** Somebody who was told to build an image comes back to see whether it is there. */
const LOOK_AGAIN_MS = 20_000;

@customElement("sk-machine")
export class MachineRow extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) machine: Machine | undefined;
  /** Its key counts no longer. */
  @property({ attribute: false }) isLockedOut = false;
  @state() private isRenaming = false;
  @state() private sandbox: SandboxWords | undefined;
  #lookedAt: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      if (!document.hidden && this.sandbox?.isReady !== true) void this.#look();
    }, LOOK_AGAIN_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override updated(): void {
    const { machine } = this;
    const visit = machine?.connected ? `${machine.nodeId} ${machine.connectedAtMs}` : undefined;
    if (visit === this.#lookedAt) return;
    this.#lookedAt = visit;
    void this.#look();
  }

  protected override render(): TemplateResult {
    const { desk, machine } = this;
    if (!desk || !machine) return html``;
    const name = nameOf(machine);
    return html`<div class="row machine">
      <div class="row-main">
        ${this.isRenaming ? this.#renderName(desk, machine) : html`<p class="row-title"><bdi>${name}</bdi> ${this.#renderBadge(machine)}</p>`}
        <p class="row-note">${factsOf(machine).join(" · ")}</p>
        <p class="row-note">May ${describeOffer(machine.commands)}.</p>
        ${this.sandbox ? this.#renderSandbox(this.sandbox) : nothing}
        ${renderCommands("All commands", machine.commands)}
        ${machine.unapprovedCommands.length === 0 ? nothing : this.#renderNews(desk, machine)}
      </div>
      <div class="tools">
        <button type="button" class="button button-small machine-rename" aria-label=${`Rename ${name}`} @click=${this.#beginRename}>
          Rename
        </button>
        <button
          type="button"
          class="button button-small button-grave"
          aria-label=${`Remove ${name}`}
          @click=${() => this.#remove(desk, machine)}
        >
          Remove…
        </button>
      </div>
    </div>`;
  }

  #renderBadge({ connected }: Machine): TemplateResult {
    if (this.isLockedOut) return html`<span class="badge badge-bad">locked out</span>`;
    return connected ? html`<span class="badge badge-good">here</span>` : html`<span class="badge">away</span>`;
  }

  #renderSandbox({ text, command }: SandboxWords): TemplateResult {
    return html`<p class="row-note machine-sandbox">
      <bdi>${text}</bdi>${command === undefined ? nothing : html` <code class="command">${command}</code>`}
    </p>`;
  }

  #renderNews(desk: Desk, machine: Machine): TemplateResult {
    const { nodeId, unapprovedCommands } = machine;
    const name = nameOf(machine);
    const work = () => desk.client.request("node.pair.approve", { requestId: nodeId });
    return html`<div class="machine-news">
      <div>
        <p>Since it was let in it also offers to ${describeOffer(unapprovedCommands)}.</p>
        ${renderCommands("What is new", unapprovedCommands)}
      </div>
      <button
        type="button"
        class="button button-small button-strong"
        aria-label=${`Allow what is new on ${name}`}
        @click=${() => this.#do(desk, work, `${name} may do that now.`)}
      >
        Allow
      </button>
    </div>`;
  }

  #renderName(desk: Desk, machine: Machine): TemplateResult {
    const id = `machine-name-${machine.nodeId}`;
    return html`<form class="device-name" @submit=${(event: SubmitEvent) => this.#rename(event, desk, machine)} @keydown=${this.#onNameKey}>
      <label class="unseen" for=${id}>Name of the machine</label>
      <input id=${id} class="field" maxlength="80" required autocomplete="off" dir="auto" .value=${machine.displayName} />
      <button class="button">Save</button>
    </form>`;
  }

  #beginRename = async (): Promise<void> => {
    this.isRenaming = true;
    await this.updateComplete;
    this.querySelector<HTMLInputElement>(".device-name input")?.select();
  };

  #onNameKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    void this.#endRename();
  };

  async #endRename(): Promise<void> {
    this.isRenaming = false;
    await this.updateComplete;
    this.querySelector<HTMLElement>(".machine-rename")?.focus();
  }

  async #rename(event: SubmitEvent, desk: Desk, { nodeId }: Machine): Promise<void> {
    event.preventDefault();
    const displayName = this.querySelector<HTMLInputElement>(".device-name input")?.value.trim() ?? "";
    if (displayName === "") return;
    const work = () => desk.client.request("node.rename", { nodeId, displayName });
    if (await this.#do(desk, work, `Renamed to “${displayName}”.`)) await this.#endRename();
  }

  async #remove(desk: Desk, machine: Machine): Promise<void> {
    const name = nameOf(machine);
    const isSure = await ask({
      title: `Remove ${name}?`,
      text: "It is cut off at once, and the agent can do nothing there any more. To come back it must show its code and be approved again. A bridge that was given the owner's token comes back by itself as long as it runs: end it there first.",
      yes: "Remove",
    });
    if (!isSure) return;
    await this.#do(desk, () => desk.client.request("node.pair.remove", { nodeId: machine.nodeId }), `${name} was removed.`);
  }

  async #do(desk: Desk, work: () => Promise<unknown>, word: string): Promise<boolean> {
    const isDone = await desk.attempt(work);
    if (isDone) desk.say(word);
    this.dispatchEvent(new CustomEvent("machines-changed", { bubbles: true }));
    return isDone;
  }

  /** Asks the machine itself, while it is here and has one. */
  async #look(): Promise<void> {
    const { desk, machine } = this;
    if (!desk || !machine?.connected || !machine.commands.includes("sandbox.status")) {
      this.sandbox = undefined;
      return;
    }
    const { nodeId } = machine;
    try {
      const request = { nodeId, command: "sandbox.status", params: {}, timeoutMs: 10_000, idempotencyKey: crypto.randomUUID() };
      const { payload } = await desk.client.request<{ payload: SandboxStatus }>("node.invoke", request);
      if (this.machine?.nodeId === nodeId) this.sandbox = describeSandbox(payload);
    } catch (error) {
      // A machine that left meanwhile says so by its badge.
      if (this.machine?.connected)
        this.sandbox = { text: `How its sandbox stands is not known: ${sentenceOf(error)}`, isReady: false };
    }
  }
}

function factsOf({ platform, version, connected, connectedAtMs, lastSeenAtMs }: Machine): string[] {
  const now = Date.now();
  const presence = connected
    ? `here for ${describeSpan(now - (connectedAtMs ?? now))}`
    : `seen ${describeAgo(lastSeenAtMs, now)}`;
  return [describePlatform(platform), version === "" ? "" : `bridge ${version}`, presence].filter((fact) => fact !== "");
}

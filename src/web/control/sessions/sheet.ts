// One session: its name, what it is and has cost, its last message, and what can be done with it. What loses something
// asks first.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { SessionSummary } from "../../../client/frames.ts";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { writeRoute } from "../../state/route.ts";
import { titleOf } from "../../state/session-list.ts";
import { Watch } from "../../state/signal.ts";
import { describeCost, shorten } from "../../state/usage.ts";
import { back } from "../icons.ts";
import { ask } from "../parts/ask.ts";
import { busy, Fetched, read } from "../parts/fetched.ts";
import { fileNameOf, saveFile } from "../parts/save.ts";
import { describeMoment } from "../parts/words.ts";
import { hrefOf } from "../rooms.ts";
import { badgeOf } from "./badge.ts";
import { collectTranscript } from "./transcript.ts";
import { writeJson, writeMarkdown } from "./transcript-file.ts";

@customElement("sk-session-sheet")
export class SessionSheet extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) sessionKey = "";
  @state() private progress: string | undefined;
  #shown = "";
  readonly #session = new Fetched<{ session: SessionSummary | null }>(
    this,
    () => this.desk,
    (desk) => read(desk, "sessions.describe", { key: this.sessionKey }),
  );

  constructor() {
    super();
    new Watch(this, () => this.desk?.sessions);
  }

  protected override willUpdate(): void {
    if (this.#shown === this.sessionKey) return;
    const isFirst = this.#shown === "";
    this.#shown = this.sessionKey;
    if (isFirst) return;
    this.#session.clear();
    void this.#session.load();
  }

  protected override render(): TemplateResult {
    const { desk, sessionKey } = this;
    if (!desk) return html``;
    return html`<section class="sheet" aria-labelledby="sheet-title">
      <a class="sheet-back" href=${hrefOf("sessions")}>${back} All sessions</a>
      ${this.#session.render(({ session }) => {
        const row = desk.sessions.find(sessionKey) ?? session;
        return row
          ? this.#renderSheet(desk, row)
          : html`<p class="nothing">There is no such session: it was deleted, or nothing was said in it yet.</p>`;
      })}
    </section>`;
  }

  #renderSheet(desk: Desk, row: SessionSummary): TemplateResult {
    const title = titleOf(row, row.key);
    return html`
      <div class="section-head">
        <h2 id="sheet-title"><bdi>${title}</bdi></h2>
        ${badgeOf(row)}
      </div>
      <form class="sheet-name" @submit=${(event: SubmitEvent) => this.#rename(event, desk)}>
        <label class="unseen" for="session-label">Name</label>
        <input
          id="session-label"
          name="label"
          class="field"
          maxlength="100"
          autocomplete="off"
          dir="auto"
          .value=${row.label ?? ""}
          placeholder="Give it a name"
        />
        <button class="button">Rename</button>
      </form>
      ${this.#renderFacts(row)}
      ${
        row.lastMessagePreview
          ? html`<h3 class="sheet-word">Last message</h3>
              <blockquote class="sheet-last" dir="auto">${row.lastMessagePreview}</blockquote>`
          : nothing
      }
      <div class="tools sheet-tools">
        <a class="button button-strong" href=${writeRoute({ room: "chat", rest: row.key })}>Open in chat</a>
        <button type="button" class="button" ?disabled=${this.progress !== undefined} @click=${() => this.#export(desk, row, "md")}>
          Export Markdown
        </button>
        <button type="button" class="button" ?disabled=${this.progress !== undefined} @click=${() => this.#export(desk, row, "json")}>
          Export JSON
        </button>
      </div>
      <div class="tools sheet-grave">
        <button type="button" class="button" @click=${() => this.#reset(desk, row)}>Start afresh…</button>
        <button type="button" class="button button-grave" @click=${() => this.#remove(desk, row)}>Delete…</button>
      </div>
      ${this.progress === undefined ? nothing : busy(this.progress)}
    `;
  }

  #renderFacts(row: SessionSummary): TemplateResult {
    const { totalTokens = 0, contextTokens } = row;
    const model = row.model ? [row.modelProvider, row.model].filter(Boolean).join("/") : "none yet";
    return html`<dl class="facts">
      <dt>Messages to it</dt>
      <dd>${(row.messageCount ?? 0).toLocaleString("en")}</dd>
      <dt>Tokens</dt>
      <dd>${shorten(row.inputTokens ?? 0)} in, ${shorten(row.outputTokens ?? 0)} out</dd>
      <dt>Cost</dt>
      <dd>${costOf(row.estimatedCostUsd)}</dd>
      <dt>Model</dt>
      <dd>${model}</dd>
      ${
        contextTokens
          ? html`<dt>Window</dt>
              <dd>${Math.round((totalTokens / contextTokens) * 100)}% of ${shorten(contextTokens)} tokens</dd>`
          : nothing
      }
      <dt>Begun</dt>
      <dd>${row.createdAt ? describeMoment(row.createdAt) : "not yet"}</dd>
      <dt>Last active</dt>
      <dd>${row.updatedAt ? describeMoment(row.updatedAt) : "not yet"}</dd>
      <dt>Key</dt>
      <dd class="fact-key">${row.key}</dd>
    </dl>`;
  }

  async #rename(event: SubmitEvent, desk: Desk): Promise<void> {
    event.preventDefault();
    const key = this.sessionKey;
    const label = this.querySelector<HTMLInputElement>("#session-label")?.value.trim() ?? "";
    const isDone = await desk.attempt(() => desk.client.request("sessions.patch", { key, label: label === "" ? null : label }));
    if (!isDone) return;
    desk.say(label === "" ? "The name was taken away; the first words name it again." : `Renamed to “${label}”.`);
    await this.#session.load();
  }

  async #export(desk: Desk, row: SessionSummary, form: "md" | "json"): Promise<void> {
    this.progress = "Fetching the messages…";
    await desk.attempt(async () => {
      const messages = await collectTranscript(
        (before) =>
          read(desk, "chat.history", { sessionKey: row.key, limit: 500, ...(before === undefined ? {} : { beforeSeq: before }) }),
        (count, total) => {
          this.progress = `Fetching the messages: ${count.toLocaleString("en")} of ${total.toLocaleString("en")}`;
        },
      );
      const title = titleOf(row, row.key);
      const about = { title, session: row, exportedAt: new Date() };
      if (form === "md") saveFile(fileNameOf(title, "md"), "text/markdown", writeMarkdown(about, messages));
      else saveFile(fileNameOf(title, "json"), "application/json", writeJson(about, messages));
      desk.say(`Exported ${messages.length.toLocaleString("en")} entries of “${title}”.`);
    });
    this.progress = undefined;
  }

  async #reset(desk: Desk, row: SessionSummary): Promise<void> {
    const isSure = await ask({
      title: `Start “${titleOf(row, row.key)}” afresh?`,
      text: "The agent forgets this talk so far, and what runs is stopped. The messages stay readable in the chat and in exports.",
      yes: "Start afresh",
    });
    if (!isSure) return;
    if (await desk.attempt(() => desk.client.request("sessions.reset", { key: row.key, reason: "reset" }))) {
      desk.say("A new talk begins in this session.");
      await this.#session.load();
    }
  }

  async #remove(desk: Desk, row: SessionSummary): Promise<void> {
    const count = row.messageCount ?? 0;
    const isSure = await ask({
      title: `Delete “${titleOf(row, row.key)}”?`,
      text: `${count === 1 ? "The message to it goes" : `The ${count.toLocaleString("en")} messages to it go`} for good, with all answers and results. What the agent wrote into its files and memory stays, and the cost stays counted. Export it first if you may need it.`,
      yes: "Delete",
    });
    if (!isSure) return;
    if (await desk.removeSession(row.key)) location.hash = hrefOf("sessions");
  }
}

function costOf(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return "not known: the model has no price";
  return usd === 0 ? "nothing" : describeCost(usd);
}

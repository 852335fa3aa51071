// One provider: whether its key is there, and giving, trying, replacing and taking it away. What was typed leaves the page
// with the request and is wiped from the field as soon as it is kept.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import { wave } from "../../pictures/icons.ts";
import { sentenceOf } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import { ask } from "../parts/ask.ts";
import type { KeyTest, ProviderRow } from "./catalogue.ts";

type Outcome = { tone: "good" | "bad"; text: string; canForce?: boolean };

/** The test itself gives up after 20 seconds and says so. */
const TEST_TIMEOUT_MS = 40_000;
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

@customElement("sk-key-row")
export class KeyRow extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) row: ProviderRow | undefined;
  @state() private isOpen = false;
  @state() private doing: string | undefined;
  @state() private outcome: Outcome | undefined;

  protected override render(): TemplateResult | typeof nothing {
    const { row } = this;
    if (!row) return nothing;
    const isThere = row.state === "set" || row.isVariableSet === true;
    return html`
      <div class="row">
        <div class="row-main">
          <div class="row-title">${row.name}${this.#renderBadge(row)}</div>
          <div class="row-note">${describeKey(row)}</div>
        </div>
        <div class="tools">
          ${isThere ? this.#renderButton("Test", `Test the key of ${row.name}`, () => this.#test(row)) : nothing}
          ${row.state === "none" ? nothing : this.#renderButton("Remove", `Remove the key of ${row.name}`, () => this.#remove(row))}
          ${
            this.isOpen
              ? nothing
              : this.#renderButton(
                  row.state === "none" ? "Give a key" : "Replace",
                  row.state === "none" ? `Give a key of ${row.name}` : `Replace the key of ${row.name}`,
                  this.#open,
                  "key-open",
                )
          }
        </div>
      </div>
      ${this.isOpen ? this.#renderForm(row) : nothing} ${this.#renderOutcome(row)}
    `;
  }

  #renderBadge(row: ProviderRow): TemplateResult | typeof nothing {
    if (row.state === "unreadable") return html`<span class="badge badge-bad">Give it again</span>`;
    if (row.state === "set" || row.isVariableSet) return html`<span class="badge badge-good">Key set</span>`;
    return nothing;
  }

  #renderButton(text: string, name: string, act: () => unknown, extra = ""): TemplateResult {
    return html`<button
      type="button"
      class=${`button button-small ${extra}`}
      aria-label=${name}
      ?disabled=${this.doing !== undefined}
      @click=${act}
    >
      ${text}
    </button>`;
  }

  #renderForm(row: ProviderRow): TemplateResult {
    const id = `key-${row.provider}`;
    return html`<form class="key-form" @submit=${this.#submit} @keydown=${this.#onKey}>
      <label for=${id}>Key of ${row.name}</label>
      <input
        id=${id}
        class="field mono"
        type="password"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        required
        aria-describedby=${`${id}-outcome`}
        aria-invalid=${this.outcome?.tone === "bad" ? "true" : nothing}
        ?disabled=${this.doing !== undefined}
      />
      <div class="tools">
        <button class="button button-strong" ?disabled=${this.doing !== undefined}>Test and save</button>
        <button type="button" class="button" ?disabled=${this.doing !== undefined} @click=${this.#close}>Cancel</button>
      </div>
    </form>`;
  }

  #renderOutcome(row: ProviderRow): TemplateResult {
    const { doing, outcome } = this;
    return html`<div id=${`key-${row.provider}-outcome`} class="key-outcome" role="status">
      ${doing === undefined ? nothing : html`<p class="outcome">${wave} ${doing}</p>`}
      ${
        outcome === undefined || doing !== undefined
          ? nothing
          : html`<p class=${`outcome outcome-${outcome.tone}`}>
              <span>${outcome.text}</span>
              ${
                outcome.canForce
                  ? html`<button type="button" class="link-button" @click=${() => this.#save(row, true)}>Save it anyway</button>`
                  : nothing
              }
            </p>`
      }
    </div>`;
  }

  #open = (): void => {
    this.isOpen = true;
    this.outcome = undefined;
    void this.updateComplete.then(() => this.querySelector("input")?.focus());
  };

  #close = (): void => {
    this.isOpen = false;
    this.outcome = undefined;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".key-open")?.focus());
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || this.doing !== undefined) return;
    event.preventDefault();
    this.#close();
  };

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (this.row) void this.#save(this.row, false);
  };

  async #save(row: ProviderRow, force: boolean): Promise<void> {
    const field = this.querySelector("input");
    const key = field?.value.trim() ?? "";
    if (key === "") return;
    await this.#do(force ? "Saving…" : `Asking ${row.name} with this key…`, async (desk) => {
      const params = { provider: row.provider, key, ...(force ? { force } : {}) };
      const answer = await desk.client.request<{ saved: boolean; test?: KeyTest }>("models.auth.set", params, {
        timeoutMs: TEST_TIMEOUT_MS,
      });
      const said = answer.test?.message;
      if (!answer.saved) return { tone: "bad", text: said ?? "The key was not saved.", canForce: true };
      if (field) field.value = "";
      this.isOpen = false;
      this.dispatchEvent(new CustomEvent("keys-changed"));
      return { tone: "good", text: said ? `Saved. ${said}` : "Saved, without a test." };
    });
    await this.updateComplete;
    this.querySelector<HTMLElement>(this.isOpen ? "input" : ".key-open")?.focus();
  }

  #test(row: ProviderRow): Promise<void> {
    return this.#do(`Asking ${row.name}…`, async (desk) => {
      const { test } = await desk.client.request<{ test: KeyTest }>(
        "models.auth.test",
        { provider: row.provider },
        { timeoutMs: TEST_TIMEOUT_MS },
      );
      return { tone: test.outcome === "ok" ? "good" : "bad", text: test.message };
    });
  }

  async #remove(row: ProviderRow): Promise<void> {
    const rest = row.isVariableSet ? ` The one in ${row.variable} is used again.` : ` ${row.name} cannot answer without one.`;
    const isSure = await ask({
      title: `Remove the key of ${row.name}?`,
      text: `It is deleted here; at ${row.name} it stays valid.${rest}`,
      yes: "Remove",
    });
    if (!isSure) return;
    await this.#do("Removing…", async (desk) => {
      await desk.client.request("models.auth.remove", { provider: row.provider });
      this.dispatchEvent(new CustomEvent("keys-changed"));
      return { tone: "good", text: "The key is removed." };
    });
  }

  async #do(doing: string, work: (desk: Desk) => Promise<Outcome>): Promise<void> {
    if (!this.desk || this.doing !== undefined) return;
    this.doing = doing;
    try {
      this.outcome = await work(this.desk);
    } catch (error) {
      this.outcome = { tone: "bad", text: sentenceOf(error) };
    }
    this.doing = undefined;
  }
}

function describeKey(row: ProviderRow): string {
  const given = row.setAtMs === undefined ? "" : `, given on ${day.format(row.setAtMs)}`;
  const variable = row.isVariableSet ? ` It wins over ${row.variable}.` : "";
  switch (row.state) {
    case "set":
      return `Key ${row.masked ?? "kept"}${given}.${variable}`;
    case "unreadable":
      return `The owner's token is another one now, so the key${given} can no longer be read.`;
    case "none":
      if (row.isVariableSet) return `From the variable ${row.variable}.`;
      return row.needsKey ? `No key${row.models === 0 ? "" : `; ${countOf(row.models)}`}` : "No key needed.";
    default:
      return row.state satisfies never;
  }
}

function countOf(models: number): string {
  return `${models} ${models === 1 ? "model" : "models"} known.`;
}

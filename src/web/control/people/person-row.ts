// Somebody who is known: their name, their accounts, and what can be done with both. What takes something away asks first.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { ask } from "../parts/ask.ts";
import { describeAgo, describeMoment } from "../parts/words.ts";
import { channelOf, keyOf, type PersonAccount, type PersonView, paramsOf } from "./person.ts";

@customElement("sk-person-row")
export class PersonRow extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) person: PersonView | undefined;
  @property({ attribute: false }) people: readonly PersonView[] = [];
  @state() private mode: "rest" | "renaming" | "linking" = "rest";

  protected override render(): TemplateResult {
    const { desk, person } = this;
    if (!desk || !person) return html``;
    const { name, role, accounts, lastSeenAtMs } = person;
    const others = this.people.filter(({ id }) => id !== person.id);
    return html`<div class="row">
        <div class="row-main">
          ${
            this.mode === "renaming"
              ? this.#renderName(desk, person)
              : html`<p class="row-title"><bdi>${name}</bdi> ${role === "owner" && name.toLowerCase() !== "owner" ? html`<span class="badge">owner</span>` : nothing}</p>`
          }
          <p class="row-note">
            ${
              accounts.length === 0
                ? role === "owner"
                  ? "No account on a channel yet: write to your assistant, then approve yourself above."
                  : "No account on a channel."
                : lastSeenAtMs === undefined
                  ? "Has not written since."
                  : `Wrote ${describeAgo(lastSeenAtMs, Date.now())}.`
            }
          </p>
        </div>
        ${this.mode === "rest" ? this.#renderTools(person, others) : nothing}
      </div>
      ${this.mode === "linking" ? this.#renderLinking(desk, person, others) : nothing}
      ${
        accounts.length === 0
          ? nothing
          : html`<ul class="accounts" aria-label=${`Accounts of ${name}`}>
              ${repeat(accounts, keyOf, (account) => html`<li class="account">${this.#renderAccount(desk, person, account)}</li>`)}
            </ul>`
      }`;
  }

  #renderTools({ name, accounts }: PersonView, others: readonly PersonView[]): TemplateResult {
    return html`<div class="tools">
      <button type="button" class="button button-small person-rename" aria-label=${`Rename ${name}`} @click=${() => this.#begin("renaming")}>Rename</button>
      ${
        others.length > 0 && accounts.length > 0
          ? html`<button type="button" class="button button-small person-link" aria-label=${`Link ${name} with somebody`} @click=${() => this.#begin("linking")}>Link…</button>`
          : nothing
      }
    </div>`;
  }

  #renderAccount(desk: Desk, person: PersonView, account: PersonAccount): TemplateResult {
    const { senderId, name, approvedAtMs } = account;
    const where = `${channelOf(account)} ${senderId}`;
    return html`
      <p class="row-main row-note">
        ${channelOf(account)} · <bdi class="mono">${senderId}</bdi>${name === undefined || name === person.name ? nothing : html` · <bdi>${name}</bdi>`} · since
        ${describeMoment(approvedAtMs)}
      </p>
      <div class="tools">
        ${
          person.accounts.length > 1
            ? html`<button type="button" class="button button-small" aria-label=${`Unlink ${where}`} @click=${() => this.#unlink(desk, person, account)}>Unlink…</button>`
            : nothing
        }
        <button type="button" class="button button-small" aria-label=${`Remove ${where}`} @click=${() => this.#forget(desk, person, account)}>Remove…</button>
        ${
          person.role === "owner"
            ? nothing
            : html`<button type="button" class="button button-small" aria-label=${`Block ${where}`} @click=${() => this.#block(desk, person, account)}>Block…</button>`
        }
      </div>
    `;
  }

  #renderName(desk: Desk, { id, name }: PersonView): TemplateResult {
    return html`<form class="person-form" @submit=${(event: SubmitEvent) => this.#rename(event, desk, id)} @keydown=${this.#onKey}>
      <label class="unseen" for=${`name-${id}`}>Name</label>
      <input id=${`name-${id}`} class="field" maxlength="80" required autocomplete="off" dir="auto" .value=${name} />
      <button class="button">Save</button>
      <button type="button" class="button" @click=${this.#rest}>Cancel</button>
    </form>`;
  }

  #renderLinking(desk: Desk, person: PersonView, others: readonly PersonView[]): TemplateResult {
    const id = `link-${person.id}`;
    return html`<form class="person-form" @submit=${(event: SubmitEvent) => this.#link(event, desk, person, others)} @keydown=${this.#onKey}>
      <label for=${id}>The same person as</label>
      <select id=${id} class="field">
        ${others.map((other) => html`<option value=${other.id}>${other.name}</option>`)}
      </select>
      <button class="button">Link…</button>
      <button type="button" class="button" @click=${this.#rest}>Cancel</button>
    </form>`;
  }

  #begin(mode: "renaming" | "linking"): void {
    this.mode = mode;
    void this.updateComplete.then(() => {
      const field = this.querySelector<HTMLElement>(".person-form :is(input, select)");
      field?.focus();
      if (field instanceof HTMLInputElement) field.select();
    });
  }

  #rest = (): void => {
    const from = this.mode === "renaming" ? ".person-rename" : ".person-link";
    this.mode = "rest";
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(from)?.focus());
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.#rest();
  };

  async #rename(event: SubmitEvent, desk: Desk, id: string): Promise<void> {
    event.preventDefault();
    const name = this.querySelector<HTMLInputElement>(".person-form input")?.value.trim() ?? "";
    if (name === "") return;
    if (await this.#do(desk, () => desk.client.request("people.rename", { id, name }), `Renamed to “${name}”.`)) this.#rest();
  }

  async #link(event: SubmitEvent, desk: Desk, person: PersonView, others: readonly PersonView[]): Promise<void> {
    event.preventDefault();
    const chosen = this.querySelector<HTMLSelectElement>(".person-form select")?.value;
    const other = others.find(({ id }) => id === chosen);
    if (!other) return;
    // The owner takes others in, never the other way round.
    const [kept, gone] = other.role === "owner" ? [other, person] : [person, other];
    const power = kept.role === "owner" ? " They may do everything that you may." : "";
    const isSure = await ask({
      title: `${kept.name} and ${gone.name} are one person?`,
      text: `All accounts become those of ${kept.name} and share one talk from now on; ${gone.name} is no longer listed, and what was said there stays in its own talk.${power}`,
      yes: "Link them",
    });
    if (!isSure) return;
    const work = () => desk.client.request("people.link", { id: kept.id, other: gone.id });
    if (await this.#do(desk, work, `${gone.name} is ${kept.name} now.`)) this.mode = "rest";
  }

  async #unlink(desk: Desk, person: PersonView, account: PersonAccount): Promise<void> {
    const isSure = await ask({
      title: `Unlink ${channelOf(account)} from ${person.name}?`,
      text: "The account becomes a guest of its own, with a talk of its own that begins empty. What was said stays in the talk of both.",
      yes: "Unlink",
    });
    if (isSure)
      await this.#do(desk, () => desk.client.request("people.unlink", paramsOf(account)), "It is somebody of its own now.");
  }

  async #forget(desk: Desk, person: PersonView, account: PersonAccount): Promise<void> {
    const isLast = person.accounts.length === 1 && person.role === "guest";
    const isSure = await ask({
      title: `Remove ${person.name} on ${channelOf(account)}?`,
      text: `They are not heard there any more; when they write again they wait for a code like any stranger.${isLast ? ` It is the only account: ${person.name} is forgotten, the talk stays.` : ""}`,
      yes: "Remove",
    });
    const work = () => desk.client.request("people.forget", paramsOf(account));
    if (isSure) await this.#do(desk, work, `${person.name} is no longer let in on ${channelOf(account)}.`);
  }

  async #block(desk: Desk, person: PersonView, account: PersonAccount): Promise<void> {
    const isSure = await ask({
      title: `Block ${person.name} on ${channelOf(account)}?`,
      text: "They are neither heard nor answered there, in groups too, until you take it back here. They are not told. The talk stays.",
      yes: "Block",
    });
    if (isSure) await this.#do(desk, () => desk.client.request("people.block", paramsOf(account)), `${person.name} is blocked.`);
  }

  async #do(desk: Desk, work: () => Promise<unknown>, word: string): Promise<boolean> {
    const isDone = await desk.attempt(work);
    if (isDone) desk.say(word);
    this.dispatchEvent(new CustomEvent("people-changed"));
    return isDone;
  }
}

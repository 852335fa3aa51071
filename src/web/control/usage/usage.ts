// What the models used and cost: today against its budget, day by day, by model and by agent. Every chart has its table.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { describeCost } from "../../state/usage.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { hrefOf } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import "./day-chart.ts";
import { type Budget, fillDays, MEASURES, type Measure, rank, type Spent, type UsageAnswer } from "./figures.ts";
import style from "./usage.css" with { type: "text" };
import { describeDay, describeMoney, describeTokens } from "./words.ts";

adopt(style);

const DAYS = 30;
const FRESH_MS = 60_000;
const MEASURE_NAMES: Record<Measure, string> = { cost: "Cost", tokens: "Tokens" };

@customElement("sk-usage-room")
export class UsageRoom extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  /** What the charts show; none chosen: the cost when there is one. */
  @state() private chosen: Measure | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #usage = new Fetched<UsageAnswer>(
    this,
    () => this.desk,
    (desk) => read(desk, "usage.cost", { days: DAYS }),
  );

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => void (document.hidden || this.#usage.load()), FRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    return this.#usage.render((answer) => this.#renderUsage(answer));
  }

  #renderUsage(answer: UsageAnswer): TemplateResult {
    const days = fillDays(answer);
    const today = days.at(-1);
    const measure = this.chosen ?? (answer.totals.knownCost > 0 ? "cost" : "tokens");
    return html`
      <section class="section" aria-labelledby="usage-today">
        <div class="section-head"><h2 id="usage-today">Today</h2></div>
        <div class="panel">
          <dl class="figures">
            ${today ? figure("Cost", describeMoney(today)) : nothing}
            ${today ? figure("Tokens", describeTokens(today.totalTokens), tokensOf(today)) : nothing}
            ${today ? figure("Turns", today.turns.toLocaleString("en")) : nothing}
            ${figure(`Last ${answer.days} days`, describeMoney(answer.totals), `${describeTokens(answer.totals.totalTokens)} tokens`)}
          </dl>
          ${answer.budgets.map((budget) => this.#renderBudget(budget, answer.budgets.length > 1))}
        </div>
        <p class="section-note usage-note">${noteOf(answer)}</p>
      </section>
      <section class="section" aria-labelledby="usage-days">
        <div class="section-head">
          <h2 id="usage-days">Last ${answer.days} days</h2>
          <div class="choice" role="group" aria-label="What the charts show">
            ${MEASURES.map(
              (one) => html`<button
                type="button"
                aria-pressed=${one === measure ? "true" : "false"}
                @click=${() => {
                  this.chosen = one;
                }}
              >
                ${MEASURE_NAMES[one]}
              </button>`,
            )}
          </div>
        </div>
        ${answer.totals.turns === 0 ? html`<p class="nothing">No model was asked yet; the first answer begins the chart.</p>` : this.#renderDays(days, measure)}
      </section>
      <div class="usage-pair">
        ${this.#renderRanks("By model", "Model", answer.models, measure, (entry) => entry.model)}
        ${this.#renderRanks("By agent", "Agent", answer.agents, measure, (entry) => entry.agentId)}
      </div>
    `;
  }

  #renderDays(days: ReturnType<typeof fillDays>, measure: Measure): TemplateResult {
    return html`<sk-day-chart .days=${days} .measure=${measure}></sk-day-chart>
      <details class="fold">
        <summary>As a table</summary>
        ${table("Day", days.filter((day) => day.turns > 0).toReversed(), (day) => describeDay(day.date))}
      </details>`;
  }

  #renderBudget({ agentId, name, perDayUsd, countedTodayUsd }: Budget, isOneOfMany: boolean): TemplateResult | typeof nothing {
    if (perDayUsd === null) return nothing;
    const share = Math.min(1, countedTodayUsd / perDayUsd);
    const words = `${describeUsd(countedTodayUsd)} of ${describeUsd(perDayUsd)} (${Math.round(share * 100)}%)`;
    return html`<div class="budget">
      <span>Budget of the day${isOneOfMany ? ` of ${name || agentId}` : ""}</span>
      <svg class=${share >= 1 ? "meter is-full" : "meter"} role="img" aria-label=${words} width="100%" height="8">
        <rect class="meter-ground" width="100%" height="8" rx="4" />
        <rect class="meter-fill" width=${`${share * 100}%`} height="8" rx="4" />
      </svg>
      <span>${words}${share >= 1 ? ": used up, turns wait until midnight UTC" : ""}</span>
    </div>`;
  }

  #renderRanks<T extends Spent>(
    title: string,
    column: string,
    entries: readonly T[],
    measure: Measure,
    nameOf: (entry: T) => string,
  ): TemplateResult {
    return html`<section class="section">
      <div class="section-head"><h2>${title}</h2></div>
      ${
        entries.length === 0
          ? html`<p class="nothing">Nothing was used in these days.</p>`
          : html`<ul class="ranks">
                ${rank(entries, measure, nameOf).map(
                  ({ name, spent, share }) => html`<li>
                    <span class="rank-name">${name}</span>
                    <span class="rank-amount">${measure === "cost" ? describeMoney(spent) : `${describeTokens(spent.totalTokens)} tokens`}</span>
                    <svg class="meter" aria-hidden="true" width="100%" height="6">
                      <rect class="meter-ground" width="100%" height="6" rx="3" />
                      <rect class="meter-fill" width=${`${share * 100}%`} height="6" rx="3" />
                    </svg>
                  </li>`,
                )}
              </ul>
              <details class="fold">
                <summary>As a table</summary>
                ${table(column, entries, nameOf)}
              </details>`
      }
    </section>`;
  }
}

function figure(name: string, value: string, note?: string): TemplateResult {
  return html`<div class="figure">
    <dt>${name}</dt>
    <dd>${value}${note === undefined ? nothing : html`<small>${note}</small>`}</dd>
  </div>`;
}

function table<T extends Spent>(column: string, entries: readonly T[], nameOf: (entry: T) => string): TemplateResult {
  return html`<div class="table-scroll" tabindex="0" role="group" aria-label=${`Table: ${column}`}>
    <table class="plain-table">
      <thead>
        <tr>
          <th scope="col">${column}</th>
          ${["Cost", "In", "Out", "From cache", "Turns"].map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${entries.map(
          (entry) => html`<tr>
            <td>${nameOf(entry)}</td>
            <td>${describeMoney(entry)}</td>
            <td>${describeTokens(entry.input + entry.cacheWrite)}</td>
            <td>${describeTokens(entry.output)}</td>
            <td>${describeTokens(entry.cacheRead)}</td>
            <td>${entry.turns.toLocaleString("en")}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function tokensOf(spent: Spent): string {
  return `${describeTokens(spent.input + spent.cacheRead + spent.cacheWrite)} in, ${describeTokens(spent.output)} out`;
}

function describeUsd(usd: number): string {
  return usd === 0 ? "$0" : describeCost(usd);
}

function noteOf({ totals, budgets }: UsageAnswer): TemplateResult {
  const unpriced = totals.unpricedTurns;
  return html`Days begin at midnight UTC.
  ${
    unpriced > 0
      ? `${unpriced.toLocaleString("en")} ${unpriced === 1 ? "turn" : "turns"} ran on models without a known price; budgets count them at that of a strong model.`
      : nothing
  }
  ${
    budgets.every(({ perDayUsd }) => perDayUsd === null)
      ? html`No budget is set: agents.defaults.budget.perDayUsd in the <a href=${hrefOf("settings")}>settings</a> sets one.`
      : nothing
  }`;
}

export const showUsage = (desk: Desk): TemplateResult => html`<sk-usage-room .desk=${desk}></sk-usage-room>`;

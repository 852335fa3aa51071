// Bars of the last days, drawn as SVG without a library: a scale of three lines, a bar a day, today set apart by its shape
// of border as well as by colour. Arrow keys move from day to day and a sentence below says the day's numbers.
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { PageElement } from "../../components/element.ts";
import { amountOf, findTop, type Measure, type Spent } from "./figures.ts";
import { describeAmount, describeDay, describeSpent } from "./words.ts";

const HEIGHT = 200;
const LEFT = 46;
const BOTTOM = 24;
const TOP = 10;

type Day = Spent & { date: string };

@customElement("sk-day-chart")
export class DayChart extends PageElement {
  @property({ attribute: false }) days: readonly Day[] = [];
  @property({ attribute: false }) measure: Measure = "tokens";
  /** The day that is pointed at; none: today. */
  @state() private at: number | undefined;
  /** Of the drawing, in pixels: its letters keep their size on every screen. */
  @state() private width = 720;
  readonly #watch = new ResizeObserver(([entry]) => {
    if (entry && entry.contentRect.width > 0) this.width = Math.round(entry.contentRect.width);
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch.disconnect();
  }

  protected override render(): TemplateResult {
    const { days, measure } = this;
    const top = findTop(Math.max(0, ...days.map((day) => amountOf(day, measure))));
    const chosen = days[this.at ?? days.length - 1];
    return html`
      <div
        class="chart"
        role="slider"
        tabindex="0"
        aria-label=${`Days, by ${measure}`}
        aria-valuemin="1"
        aria-valuemax=${days.length}
        aria-valuenow=${(this.at ?? days.length - 1) + 1}
        aria-valuetext=${chosen ? describeSpent(chosen.date, chosen) : ""}
        @keydown=${this.#onKey}
        @pointermove=${this.#onPoint}
        @pointerdown=${this.#onPoint}
        @pointerleave=${this.#forget}
        @blur=${this.#forget}
      >
        <svg width=${this.width} height=${HEIGHT} aria-hidden="true" focusable="false">
          ${[0, 0.5, 1].map((share) => this.#renderLine(share, top))} ${days.map((day, at) => this.#renderDay(day, at, top))}
        </svg>
      </div>
      <p class="chart-word">${chosen ? describeSpent(chosen.date, chosen) : nothing}</p>
    `;
  }

  #renderLine(share: number, top: number): SVGTemplateResult {
    const y = heightOf(share);
    return svg`<line class="chart-line" x1=${LEFT} x2=${this.width} y1=${y} y2=${y} />
      <text class="chart-text" x=${LEFT - 8} y=${y + 4} text-anchor="end">${share === 0 ? "0" : describeAmount(top * share, this.measure)}</text>`;
  }

  #renderDay(day: Day, at: number, top: number): SVGTemplateResult {
    const slot = (this.width - LEFT) / Math.max(1, this.days.length);
    const x = LEFT + at * slot;
    const amount = amountOf(day, this.measure);
    const height = amount === 0 ? 0 : Math.max(2, (amount / top) * (HEIGHT - TOP - BOTTOM));
    const isToday = at === this.days.length - 1;
    const isNamed = isToday || (at % 7 === 0 && at < this.days.length - 4);
    const names = ["chart-bar", isToday ? "is-today" : "", at === this.at ? "is-chosen" : ""];
    return svg`
      <rect class=${at === this.at ? "chart-slot is-chosen" : "chart-slot"} x=${x} y=${TOP} width=${slot} height=${HEIGHT - TOP - BOTTOM} />
      <rect class=${names.join(" ")} x=${x + slot * 0.16} y=${HEIGHT - BOTTOM - height} width=${slot * 0.68} height=${height} rx="2" />
      ${
        isNamed
          ? svg`<text class="chart-text" x=${isToday ? this.width - 2 : x + slot / 2} y=${HEIGHT - 6}
              text-anchor=${isToday ? "end" : "middle"}>${isToday ? "Today" : describeDay(day.date)}</text>`
          : nothing
      }`;
  }

  #onKey = (event: KeyboardEvent): void => {
    const last = this.days.length - 1;
    const at = this.at ?? last;
    const places: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.at = Math.max(0, Math.min(last, place));
  };

  #onPoint = (event: PointerEvent): void => {
    const box = this.querySelector("svg")?.getBoundingClientRect();
    if (!box || box.width === 0) return;
    const x = ((event.clientX - box.left) / box.width) * this.width - LEFT;
    const at = Math.floor((x / (this.width - LEFT)) * this.days.length);
    this.at = at >= 0 && at < this.days.length ? at : undefined;
  };

  #forget = (): void => {
    this.at = undefined;
  };
}

function heightOf(share: number): number {
  return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

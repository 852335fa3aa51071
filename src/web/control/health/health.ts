// How Skerry is: its parts and whether each is well, who is connected, and the live log.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { StatusAnswer } from "../../../client/frames.ts";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { Watch } from "../../state/signal.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { describeAgo, describeBytes, describeSpan } from "../parts/words.ts";
import { hrefOf } from "../rooms.ts";
import { adopt } from "../styles/adopt.ts";
import style from "./health.css" with { type: "text" };
import "./log.ts";

adopt(style);

const FRESH_MS = 10_000;
/** What is stored changes slowly, and counting it is work. */
const STORAGE_ROUNDS = 12;
/** A slower answer than this is worth a word. */
const SLOW_MS = 1_500;

interface Someone {
  host: string;
  mode: string;
  platform: string;
  version: string;
  deviceId?: string;
  instanceId?: string;
  reason: string;
  onlineSince: number;
  ts: number;
}
interface Wellness {
  status: StatusAnswer;
  people: Someone[];
  /** From question to answer, the way included. */
  tookMs: number;
}

/** What `health` says of storage; `limits` is null where nothing but the disk bounds it. */
interface Stored {
  databases: { bytes: number; largest: { name: string; bytes: number } };
  directory: { sessions: number; sessionBytes: number; outboxWaiting: number } | null;
  workspaces: { bytes: number; files: number }[];
  objects: { count: number; bytes: number; isMore: boolean };
  limits: { objectDatabaseBytes: number; freeDatabaseBytes: number; freeObjectBytes: number } | null;
  advice?: string;
}

@customElement("sk-health-room")
export class HealthRoom extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #health = new Fetched<Wellness>(
    this,
    () => this.desk,
    async (desk) => {
      const askedAt = performance.now();
      const status = await read<StatusAnswer, "status">(desk, "status", {});
      const tookMs = performance.now() - askedAt;
      return { status, tookMs, people: await read<Someone[], "system-presence">(desk, "system-presence", {}) };
    },
    ["config.changed", "presence"],
  );

  readonly #storage = new Fetched<{ storage?: Stored }>(
    this,
    () => this.desk,
    (desk) => read(desk, "health", { probe: true }),
  );

  constructor() {
    super();
    new Watch(this, () => this.desk);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    let rounds = 0;
    this.#timer = setInterval(() => {
      if (document.hidden) return;
      void this.#health.load();
      rounds += 1;
      if (rounds % STORAGE_ROUNDS === 0) void this.#storage.load();
    }, FRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    const { value, problem } = this.#health;
    // Below what is still fetched the rest would jump when it comes; what is stored takes longest and has its place kept.
    const isPlaced = value !== undefined || problem !== undefined;
    return html`${this.#health.render((wellness) => this.#renderHealth(wellness))}
      ${isPlaced ? this.#storage.render(({ storage }) => (storage ? renderStorage(storage) : html``), renderWaiting) : nothing}
      ${isPlaced ? html`<sk-log .desk=${this.desk}></sk-log>` : nothing}`;
  }

  #renderHealth({ status, people, tookMs }: Wellness): TemplateResult {
    const isReady = this.desk?.link.phase === "ready";
    const { model } = status;
    const here = people.filter(({ reason }) => reason === "connect");
    return html`
      <section class="section" aria-labelledby="health-parts">
        <div class="section-head"><h2 id="health-parts">Parts</h2></div>
        <ul class="rows parts">
          ${part("Connection", isReady ? (tookMs > SLOW_MS ? "slow" : "well") : "broken", isReady ? `Answers in ${Math.round(tookMs)} ms` : "Not connected; the page tries again by itself")}
          ${part(
            "Model",
            model?.ref ? (model.advice ? "slow" : "well") : "broken",
            html`${model?.ref ?? "None can be used"}${model?.why ? html` <span class="row-note">${sentence(model.why)}</span>` : nothing}
            ${model?.advice ? html`<span class="part-advice">${model.advice} <a href=${hrefOf("models")}>Models and keys</a></span>` : nothing}`,
          )}
          ${part("Version", undefined, html`<span class="fact-key">${status.version}</span> <a class="row-note" href="/design">How this page is made</a>`)}
          ${part("Awake for", undefined, describeSpan(status.uptimeMs ?? 0))}
        </ul>
      </section>
      <section class="section" aria-labelledby="health-people">
        <div class="section-head">
          <h2 id="health-people">Connected screens</h2>
          <span class="section-note">${status.connections ?? here.length}</span>
        </div>
        <ul class="rows">
          ${people.map((someone) => this.#renderSomeone(someone))}
        </ul>
      </section>
    `;
  }

  #renderSomeone(someone: Someone): TemplateResult {
    const isHere = someone.reason === "connect";
    return html`<li class="row">
      <div class="row-main">
        <p class="row-title">
          <bdi>${someone.host}</bdi>
          ${someone.instanceId !== undefined && someone.instanceId === this.desk?.screenId ? html`<span class="badge">this page</span>` : nothing}
        </p>
        <p class="row-note">${[someone.mode, someone.platform, someone.version].filter(Boolean).join(" · ")}</p>
      </div>
      <span class="row-note">
        ${isHere ? `here for ${describeSpan(Date.now() - someone.onlineSince)}` : `left ${describeAgo(someone.ts, Date.now())}`}
      </span>
    </li>`;
  }
}

/** The place of what is still being counted. */
function renderWaiting(): TemplateResult {
  const names = ["Databases", "Sessions", "Files", "Attachments", "Outbox"];
  return html`<section class="section" aria-labelledby="health-storage" aria-busy="true">
    <div class="section-head"><h2 id="health-storage">Storage</h2></div>
    <ul class="rows parts">
      ${names.map((name) => part(name, undefined, html`<span>…${name === "Databases" ? html`<span class="row-note">&nbsp;</span>` : nothing}</span>`))}
    </ul>
  </section>`;
}

function renderStorage({ databases, directory, workspaces, objects, limits, advice }: Stored): TemplateResult {
  const state = limits === null ? undefined : advice === undefined ? "well" : "slow";
  const files = workspaces.reduce((sum, workspace) => sum + workspace.files, 0);
  const waiting = directory?.outboxWaiting ?? 0;
  return html`<section class="section" aria-labelledby="health-storage">
    <div class="section-head"><h2 id="health-storage">Storage</h2></div>
    <ul class="rows parts">
      ${part(
        "Databases",
        state,
        html`${describeBytes(databases.bytes)}${limits ? ` of ${describeBytes(limits.freeDatabaseBytes)} on the Free plan` : ""}
          <span class="row-note">
            Largest: ${databases.largest.name}, ${describeBytes(databases.largest.bytes)}${limits ? ` of ${describeBytes(limits.objectDatabaseBytes)}` : ""}
          </span>
          ${advice ? html`<span class="part-advice">${advice} <a href=${hrefOf("sessions")}>Sessions</a></span>` : nothing}`,
      )}
      ${part(
        "Sessions",
        undefined,
        html`<a href=${hrefOf("sessions")}>${(directory?.sessions ?? 0).toLocaleString("en")}</a> kept, ${describeBytes(directory?.sessionBytes ?? 0)}`,
      )}
      ${part(
        "Files",
        undefined,
        html`<a href=${hrefOf("files")}>${files.toLocaleString("en")}</a> in ${workspaces.length === 1 ? "the workspace" : `${workspaces.length} workspaces`}, ${describeBytes(workspaces.reduce((sum, { bytes }) => sum + bytes, 0))}`,
      )}
      ${part(
        "Attachments",
        undefined,
        `${objects.isMore ? "more than " : ""}${objects.count.toLocaleString("en")} stored objects, ${describeBytes(objects.bytes)}${limits ? ` of ${describeBytes(limits.freeObjectBytes)} before they cost` : ""}`,
      )}
      ${part("Outbox", waiting > 0 ? "slow" : undefined, waiting === 0 ? "Nothing waits to be sent" : `${waiting} ${waiting === 1 ? "message waits" : "messages wait"} to be sent; each is tried again by itself`)}
    </ul>
  </section>`;
}

type Wellbeing = "well" | "slow" | "broken";
const WORDS: Record<Wellbeing, string> = { well: "Well", slow: "Look", broken: "Broken" };
const DOTS: Record<Wellbeing, string> = { well: "dot dot-open", slow: "dot dot-look", broken: "dot dot-failed" };

function part(name: string, state: Wellbeing | undefined, what: TemplateResult | string): TemplateResult {
  return html`<li class="part">
    <span class="part-name">${name}</span>
    <span class="part-what">${what}</span>
    ${state === undefined ? nothing : html`<span class=${`part-state is-${state}`}><span class=${DOTS[state]}></span>${WORDS[state]}</span>`}
  </li>`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const showHealth = (desk: Desk): TemplateResult => html`<sk-health-room .desk=${desk}></sk-health-room>`;

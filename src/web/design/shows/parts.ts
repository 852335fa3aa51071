// The small parts: what rooms are put together from.
import { html, type TemplateResult } from "lit";
import { renderSessionLink } from "../../control/approvals/session-link.ts";
import { renderCommands } from "../../control/devices/offer.ts";
import { showDiff } from "../../control/editing/diff-view.ts";
import "../../control/editing/style.ts";
import { ask } from "../../control/parts/ask.ts";
import { busy, Fetched } from "../../control/parts/fetched.ts";
import { badgeOf } from "../../control/sessions/badge.ts";
import { type Form, showField } from "../../control/settings/field.ts";
import { reviewChange } from "../../control/settings/review.ts";
import type { Field } from "../../control/settings/schema-form.ts";
import "../../control/usage/day-chart.ts";
import { fillDays } from "../../control/usage/figures.ts";
import { check, copy, plus, trash } from "../../pictures/icons.ts";
import { lineUp, type Section } from "../show.ts";
import { machine } from "../stage/machines.ts";
import { dayBefore, SETTINGS, spent, usage } from "../stage/rooms.ts";
import { SESSIONS } from "../stage/sessions.ts";
import { StagedDesk } from "../stage/staged-desk.ts";

/** A thing at rest and in the states that a pointer or the keyboard brings about. */
function inStates(draw: (look: string, isDisabled: boolean) => TemplateResult): [string, TemplateResult][] {
  return [
    ["at rest", draw("", false)],
    ["pointed at", draw("as-hover", false)],
    ["focused", draw("as-focus", false)],
    ["disabled", draw("", true)],
  ];
}

function button(kind: string, name = "Save it") {
  return (look: string, isDisabled: boolean): TemplateResult =>
    html`<button type="button" class=${`button ${kind} ${look}`} ?disabled=${isDisabled}>${name}</button>`;
}

const field = (look: string, isDisabled: boolean): TemplateResult =>
  html`<input class=${`field ${look}`} aria-label="A field" value="anthropic/claude-opus-4-6" ?disabled=${isDisabled} />`;
const select = (look: string, isDisabled: boolean): TemplateResult =>
  html`<select class=${`field ${look}`} aria-label="A choice" ?disabled=${isDisabled}><option>As the settings say</option><option>High</option></select>`;
const toggle = (isOn: boolean, look = "", isDisabled = false): TemplateResult =>
  html`<button type="button" class=${`switch ${look}`} role="switch" aria-checked=${isOn ? "true" : "false"} aria-label="Offer it" ?disabled=${isDisabled}></button>`;

const question = (): Promise<boolean> =>
  ask({
    title: "Delete “Garden”?",
    text: "The 24 messages to it go for good, with all answers and results. Export it first if you may need it.",
    yes: "Delete",
  });

const BEFORE = `${JSON.stringify(SETTINGS, null, 2)}\n`;
const AFTER = BEFORE.replace('"medium"', '"high"').replace('"perDayUsd": 5', '"perDayUsd": 8,\n        "perTurnUsd": 1');

const FIELDS: readonly Field[] = [
  { kind: "text", name: "name", label: "Name", note: "What people call the agent.", maxLength: 10 },
  { kind: "number", name: "perDayUsd", label: "Per day US$", isWhole: false, above: 0 },
  { kind: "flag", name: "enabled", label: "Enabled" },
  { kind: "choice", name: "thinking", label: "Thinking", options: ["off", "low", "high"] },
  { kind: "list", name: "fallbacks", label: "Fallbacks", item: { kind: "text", name: "", label: "" } },
  { kind: "map", name: "headers", label: "Headers", item: { kind: "text", name: "", label: "Value" } },
  {
    kind: "either",
    name: "model",
    label: "Model",
    options: [
      { kind: "text", name: "model", label: "Model" },
      { kind: "group", name: "model", label: "Model", fields: [{ kind: "text", name: "primary", label: "Primary" }] },
    ],
  },
  { kind: "other", name: "extra", label: "Anything else" },
];
const GROUP: Field = { kind: "group", name: "agent", label: "Agent", note: "Who answers.", fields: FIELDS };
const VALUE = {
  name: "Skerry",
  perDayUsd: 5,
  enabled: true,
  fallbacks: ["anthropic/claude-haiku-4-5"],
  headers: { "x-team": "boat" },
};

function form(agent: Record<string, unknown>, rest: Partial<Form> = {}): TemplateResult {
  const value = { agent };
  const whole: Form = { value, saved: value, issues: new Map(), isLocked: false, write: () => undefined, ...rest };
  return html`<form class="settings-form" @submit=${(event: Event) => event.preventDefault()}>
    <section class="panel">${showField(whole, GROUP, [])}</section>
  </form>`;
}

const days = (answer: Parameters<typeof fillDays>[0], measure = "cost"): TemplateResult =>
  html`<sk-day-chart class="full" .days=${fillDays(answer)} .measure=${measure}></sk-day-chart>`;

function problem(): TemplateResult {
  const host = {
    addController: () => undefined,
    removeController: () => undefined,
    requestUpdate: () => undefined,
    updateComplete: Promise.resolve(true),
  };
  const fetched = new Fetched<string>(
    host,
    () => undefined,
    async () => "",
  );
  fetched.problem = "Skerry cannot be reached. Check that it runs and that the address is right.";
  return fetched.render((value) => html`<p>${value}</p>`);
}

export const PARTS: Section = {
  id: "parts",
  name: "Parts",
  note: "Small things that every room uses. They have a place of their own in styles/parts.css and control/styles/parts.css.",
  shows: [
    {
      name: "Buttons",
      note: "One strong button where one thing is to be done next. What loses something is outlined in storm and asks first.",
      cases: [
        { label: "Plain", draw: () => lineUp(inStates(button(""))) },
        { label: "Strong", draw: () => lineUp(inStates(button("button-strong"))) },
        { label: "Grave", draw: () => lineUp(inStates(button("button-grave", "Delete…"))) },
        { label: "Small", draw: () => lineUp(inStates(button("button-small"))) },
        {
          label: "With an icon alone, and as a link",
          draw: () =>
            lineUp([
              ...inStates(
                (look, isDisabled) =>
                  html`<button type="button" class=${`icon-button ${look}`} aria-label="Remove" ?disabled=${isDisabled}>${trash}</button>`,
              ),
              ["copy", html`<button type="button" class="copy" aria-label="Copy">${copy}</button>`],
              ["link", html`<button type="button" class="link-button">Try again</button>`],
              ["link, focused", html`<button type="button" class="link-button as-focus">Try again</button>`],
              ["with words", html`<button type="button" class="button">${plus} New file</button>`],
            ]),
        },
      ],
    },
    {
      name: "Fields",
      cases: [
        {
          label: "For words",
          draw: () =>
            lineUp([
              ...inStates(field),
              ["empty", html`<input class="field" aria-label="A field" placeholder="Find by name, words or key" />`],
              [
                "wrong",
                html`<div class="ask-field full"><label for="wrong">Model</label><input id="wrong" class="field" aria-invalid="true" value="claude" /><p class="field-error">must be provider/model</p></div>`,
              ],
              ["long", html`<input class="field" aria-label="A field" value=${"unbroken".repeat(20)} />`],
              ["right to left", html`<input class="field" aria-label="A field" dir="auto" value="قائمة المشتريات" />`],
            ]),
        },
        {
          label: "For one of several",
          draw: () =>
            lineUp([
              ...inStates(select),
              [
                "few",
                html`<div class="choice" role="group" aria-label="What is shown"><button type="button" aria-pressed="true">Cost</button><button type="button" aria-pressed="false">Tokens</button><button type="button" class="as-focus" aria-pressed="false">Turns</button></div>`,
              ],
            ]),
        },
        {
          label: "On and off",
          draw: () =>
            lineUp([
              ["on", toggle(true)],
              ["off", toggle(false)],
              ["focused", toggle(true, "as-focus")],
              ["disabled", html`${toggle(true, "", true)} ${toggle(false, "", true)}`],
            ]),
        },
      ],
    },
    {
      name: "Settings as a form",
      note: "Made from the schema. A reason stands below the field that it is about.",
      cases: [
        { label: "Filled", draw: () => form(VALUE) },
        { label: "Empty", draw: () => form({}) },
        {
          label: "Wrong",
          draw: () =>
            form(
              { ...VALUE, name: "A name that is too long", perDayUsd: -1 },
              { issues: new Map([["agent.fallbacks.0", "there is no such model"]]) },
            ),
        },
        { label: "Locked", draw: () => form(VALUE, { isLocked: true }) },
      ],
    },
    {
      name: "Badges, rows and figures",
      cases: [
        {
          label: "Badges and dots",
          draw: () =>
            lineUp([
              ["plain", html`<span class="badge">this page</span>`],
              ["good", html`<span class="badge badge-good">${check} Key set</span>`],
              ["bad", html`<span class="badge badge-bad">locked out</span>`],
              ["of sessions", SESSIONS.map(badgeOf)],
              [
                "dots",
                html`<span class="dot"></span><span class="dot dot-open"></span><span class="dot dot-working"></span><span class="dot dot-look"></span><span class="dot dot-failed"></span>`,
              ],
            ]),
        },
        {
          label: "Rows",
          draw: () => html`<ul class="rows">
            ${["Ada's phone", `A name without end: ${"unbroken".repeat(12)}`, "هاتف عائشة"].map(
              (name) => html`<li class="row">
                <div class="row-main"><p class="row-title"><bdi>${name}</bdi></p><p class="row-note">android · paired 3 Oct 2026 · seen 3 h ago</p></div>
                <div class="tools"><button type="button" class="button button-small">Rename</button><button type="button" class="button button-small button-grave">Remove…</button></div>
              </li>`,
            )}
          </ul>`,
        },
        {
          label: "Facts and figures",
          draw: () => html`<div class="panel">
            <dl class="figures"><div class="figure"><dt>Cost</dt><dd>$1.84<small>182k tokens</small></dd></div><div class="figure"><dt>Turns</dt><dd>12</dd></div></dl>
            <dl class="facts"><dt>Model</dt><dd>anthropic/claude-opus-4-6</dd><dt>Key</dt><dd class="fact-key">agent:main:main</dd></dl>
          </div>`,
        },
      ],
    },
    {
      name: "Waiting, nothing, trouble",
      cases: [
        { label: "A wait", draw: () => busy("Fetching…") },
        {
          label: "Nothing there",
          draw: () =>
            html`<p class="nothing">Nobody asks. A device or machine that connects without a token is listed here for an hour.</p>`,
        },
        {
          label: "A notice",
          draw: () =>
            html`<p class="notice">The built-in demo answers until a key is given; it only shows what Skerry can do.</p>`,
        },
        { label: "It went wrong", draw: problem },
        {
          label: "An outcome",
          draw: () =>
            lineUp([
              ["good", html`<p class="outcome outcome-good">Saved. Anthropic answered with this key.</p>`],
              ["bad", html`<p class="outcome outcome-bad">Anthropic does not know this key. Copy it again.</p>`],
            ]),
        },
      ],
    },
    {
      name: "Questions",
      note: "Escape, a click beside it and going elsewhere mean no; the way back has the focus.",
      cases: [
        {
          label: "Before something is lost",
          draw: () => html`<button type="button" class="button" data-opens @click=${question}>Ask</button>`,
        },
        {
          label: "Before settings are applied",
          draw: () =>
            html`<button type="button" class="button" data-opens @click=${() => reviewChange(BEFORE, AFTER)}>Review</button>`,
        },
      ],
    },
    {
      name: "Differences",
      note: "Marked by sign, by element and in words, not by colour alone.",
      cases: [
        { label: "Some lines", draw: () => showDiff(BEFORE, AFTER, "Changes") },
        { label: "None", draw: () => showDiff(BEFORE, BEFORE, "Changes") },
        {
          label: "Long lines, and from right to left",
          draw: () => showDiff(`حليب\n${"long ".repeat(60)}\n`, `حليب وخبز\n${"longer ".repeat(60)}\n`, "Changes"),
        },
      ],
    },
    {
      name: "Charts",
      note: "Arrow keys go from day to day; the sentence below says the numbers.",
      cases: [
        { label: "Many days", draw: () => days(usage()) },
        { label: "In tokens", draw: () => days(usage(), "tokens") },
        { label: "One day", draw: () => days(usage({ daily: [{ date: dayBefore(0), ...spent(0.4) }] })) },
        { label: "None", draw: () => days(usage({ daily: [] })) },
        {
          label: "A day chosen",
          draw: () => days(usage()),
          prepare: (ground) =>
            void ground.querySelector(".chart")?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" })),
        },
      ],
    },
    {
      name: "Commands of a machine",
      note: "Folded: who wants to know exactly what is allowed finds it here.",
      cases: [
        { label: "Some", draw: () => html`<div class="full">${renderCommands("All commands", machine("nas").commands)}</div>` },
        {
          label: "More than anybody reads",
          draw: () =>
            html`<div class="full">${renderCommands(
              "All commands",
              Array.from({ length: 90 }, (_, at) => `own.command${at}`),
            )}</div>`,
          prepare: (ground) => ground.querySelector("summary")?.click(),
        },
      ],
    },
    {
      name: "The talk of a question",
      cases: [
        {
          label: "The owner's own, and one that others named",
          draw: () => lineUp(SESSIONS.slice(0, 2).map(({ key }) => [key, renderSessionLink(new StagedDesk({}), key)])),
        },
      ],
    },
  ],
};

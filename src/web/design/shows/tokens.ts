// The tokens, read from the style sheet that names them: what is added there stands here by itself.
import { html, type TemplateResult } from "lit";
import * as controlIcons from "../../control/icons.ts";
import * as icons from "../../pictures/icons.ts";
import { skerry } from "../../pictures/skerry.ts";
import { lineUp, type Section } from "../show.ts";
import "../swatch.ts";
import { tokens } from "../token-list.ts";

const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
const all = tokens();
const named = (start: string): string[] => all.filter(({ name }) => name.startsWith(start)).map(({ name }) => name);
const isColour = ({ value }: { value: string }): boolean => CSS.supports("color", value);
const sample = (kind: string, token: string): TemplateResult =>
  html`<sk-swatch class="full" .kind=${kind} .token=${token}></sk-swatch>`;
const samples = (kind: string, names: readonly string[]): TemplateResult =>
  lineUp(names.map((name) => [name, sample(kind, name)]));

/** Which ink is read on which ground. `text` needs 4.5 to 1, what is only seen 3 to 1. */
const PAIRS: readonly (readonly [ink: string, ground: string, least: number])[] = [
  ["--ink", "--fog", 4.5],
  ["--ink", "--shore", 4.5],
  ["--ink", "--raised", 4.5],
  ["--ink", "--pebble", 4.5],
  ["--ink", "--hover", 4.5],
  ["--ink", "--chosen", 4.5],
  ["--ink", "--storm-wash", 4.5],
  ["--ink", "--sea-wash", 4.5],
  ["--ink", "--moss-wash", 4.5],
  ["--ink", "--marked", 4.5],
  ["--ink", "--found", 4.5],
  ["--ink", "--picked", 4.5],
  ["--ink-soft", "--fog", 4.5],
  ["--ink-soft", "--shore", 4.5],
  ["--ink-soft", "--raised", 4.5],
  ["--ink-soft", "--pebble", 4.5],
  ["--ink-soft", "--hover", 4.5],
  ["--ink-faint", "--fog", 4.5],
  ["--ink-faint", "--shore", 4.5],
  ["--ink-faint", "--raised", 4.5],
  ["--ink-faint", "--hover", 4.5],
  ["--ink-faint", "--code-ground", 4.5],
  ["--sea", "--fog", 4.5],
  ["--sea", "--raised", 4.5],
  ["--sea", "--shore", 4.5],
  ["--on-sea", "--sea", 4.5],
  ["--on-sea", "--sea-deep", 4.5],
  ["--lichen-ink", "--fog", 4.5],
  ["--storm", "--fog", 4.5],
  ["--storm", "--raised", 4.5],
  ["--storm", "--storm-wash", 4.5],
  ["--moss", "--fog", 4.5],
  ["--moss", "--pebble", 4.5],
  ["--moss", "--moss-wash", 4.5],
  ["--code-key", "--code-ground", 4.5],
  ["--code-text", "--code-ground", 4.5],
  ["--code-number", "--code-ground", 4.5],
  ["--code-name", "--code-ground", 4.5],
  ["--print", "--print-ground", 4.5],
  ["--sea", "--hover", 3],
  ["--edge", "--fog", 3],
  ["--edge", "--shore", 3],
  ["--edge", "--raised", 3],
  ["--rock", "--fog", 3],
];

const iconTable = (set: Record<string, unknown>): TemplateResult =>
  html`<ul class="icon-table">
    ${Object.entries(set).map(([name, drawing]) => (typeof drawing === "function" ? html`` : html`<li>${drawing}<span>${name}</span></li>`))}
  </ul>`;

export const TOKENS: Section = {
  id: "tokens",
  name: "Tokens",
  note: "Rock, sea, fog, and the yellow lichen that grows where the spray reaches. Everything else is made of these.",
  shows: [
    {
      name: "Type",
      note: "Hanken Grotesk, served by Skerry itself. Sizes follow the size of letters that the browser is set to.",
      cases: [
        { label: "Sizes", draw: () => samples("text", named("--text-")) },
        { label: "Faces", draw: () => samples("face", ["--sans", "--mono"]) },
      ],
    },
    {
      name: "Space",
      note: "Eight steps.",
      cases: [
        {
          label: "Steps",
          draw: () =>
            samples(
              "space",
              all.map(({ name }) => name).filter((name) => /^--s\d$/.test(name)),
            ),
        },
      ],
    },
    {
      name: "Colour",
      note: "Both themes are one set of pairs. Lichen means “at work” and nothing else; storm means that something went wrong.",
      cases: [
        {
          label: "All of them",
          draw: () =>
            samples(
              "colour",
              all.filter(isColour).map(({ name }) => name),
            ),
        },
        {
          label: "Contrast, computed here and now",
          draw: () =>
            html`<div class="pairs">${PAIRS.map(([ink, ground, least]) => html`<sk-swatch .kind=${"pair"} .token=${ink} .ground=${ground} .least=${least}></sk-swatch>`)}</div>`,
        },
      ],
    },
    {
      name: "Corners and shadows",
      cases: [
        { label: "Corners", draw: () => samples("round", named("--round")) },
        { label: "Shadows", draw: () => samples("shadow", named("--shadow")) },
      ],
    },
    {
      name: "Motion",
      note: "Quick for what answers a hand, calm for what comes and goes. Whoever asks the system for less motion gets none.",
      cases: [
        {
          label: "What this browser asks for",
          draw: () => html`<p>${lessMotion.matches ? "Less motion: nothing here moves." : "Motion as usual."}</p>`,
        },
        { label: "Times and the curve", draw: () => samples("motion", ["--quick", "--calm", "--breath"]) },
        {
          label: "Work under way",
          draw: () =>
            lineUp([
              ["wave", icons.wave],
              ["dot", html`<span class="dot dot-working"></span>`],
              ["drawing", skerry],
            ]),
        },
      ],
    },
    {
      name: "Icons",
      note: "Fine lines on a grid of twenty, in the colour of the words beside them.",
      cases: [
        { label: "Of the chat", draw: () => iconTable(icons) },
        { label: "Of the control rooms", draw: () => iconTable(controlIcons) },
      ],
    },
  ],
};

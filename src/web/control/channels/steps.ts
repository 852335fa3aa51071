// What was done at a platform, what failed there, and what a person has to do by hand.
import { html, nothing, type TemplateResult } from "lit";
import type { Step } from "./channel.ts";

const SIGNS: Record<Step["state"], string> = { done: "✓", "by-hand": "→", failed: "△" };
const WORDS: Record<Step["state"], string> = { done: "Done", "by-hand": "To do by hand", failed: "Not done" };

export function showSteps(steps: readonly Step[]): TemplateResult | typeof nothing {
  if (steps.length === 0) return nothing;
  return html`<ul class="steps">
    ${steps.map(
      ({ state, text }) =>
        html`<li class=${`step step-${state}`}><span class="step-sign" role="img" aria-label=${WORDS[state]}>${SIGNS[state]}</span><span>${text}</span></li>`,
    )}
  </ul>`;
}

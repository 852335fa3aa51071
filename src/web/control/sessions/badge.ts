// What a session is doing, when that is worth a word.
import { html, nothing, type TemplateResult } from "lit";
import type { SessionSummary } from "../../../client/frames.ts";

export function badgeOf(row: SessionSummary): TemplateResult | typeof nothing {
  if (row.hasActiveRun) return html`<span class="badge"><span class="dot dot-working"></span>at work</span>`;
  return row.state === "failed" ? html`<span class="badge badge-bad">last turn failed</span>` : nothing;
}

// The commands of a machine by their names, folded: who wants to know exactly what is allowed finds it here.
import { html, nothing, type TemplateResult } from "lit";
import { showLine } from "../../../contract/home/shown-text.ts";

/** A machine may claim any number of them. */
const MOST_SHOWN = 60;
const COMMAND_CHARS = 60;

export function renderCommands(title: string, commands: readonly string[]): TemplateResult | typeof nothing {
  if (commands.length === 0) return nothing;
  const more = commands.length - MOST_SHOWN;
  return html`<details class="machine-offer">
    <summary>${title} (${commands.length})</summary>
    <ul>
      ${commands.slice(0, MOST_SHOWN).map((command) => html`<li><code>${showLine(command, COMMAND_CHARS)}</code></li>`)}
      ${more > 0 ? html`<li>and ${more} more</li>` : nothing}
    </ul>
  </details>`;
}

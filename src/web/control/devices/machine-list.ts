// The machines at home that are let in, and the one command by which another one asks.
import { html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import type { Machine } from "./machine.ts";
import "./machine-row.ts";

@customElement("sk-machine-list")
export class MachineList extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  @property({ attribute: false }) machines: readonly Machine[] = [];
  /** Those whose key counts no longer. */
  @property({ attribute: false }) lockedOut: ReadonlySet<string> = new Set();

  protected override render(): TemplateResult {
    const { desk, machines, lockedOut } = this;
    if (!desk) return html``;
    return html`<section class="section" aria-labelledby="devices-machines">
      <div class="section-head"><h2 id="devices-machines">Machines</h2></div>
      ${
        machines.length === 0
          ? html`<div class="panel machine-first">
              <p>
                A computer at home gives the agent hands: it runs commands there as your rules allow, in a sandbox or with your word.
                It dials out to Skerry; no port is opened.
              </p>
              ${this.#renderWay(desk)}
            </div>`
          : html`<ul class="rows">
                ${repeat(
                  machines,
                  ({ nodeId }) => nodeId,
                  (machine) => html`<li>
                    <sk-machine .desk=${desk} .machine=${machine} .isLockedOut=${lockedOut.has(machine.nodeId)}></sk-machine>
                  </li>`,
                )}
              </ul>
              <details class="fold">
                <summary>Add another machine</summary>
                ${this.#renderWay(desk)}
              </details>`
      }
    </section>`;
  }

  #renderWay(desk: Desk): TemplateResult {
    const command = `npx skerry bridge --url ${location.origin}`;
    return html`<p class="section-note">In a folder with Skerry on that computer, run this. It shows a code, and asks to come in above.</p>
      <div class="machine-way">
        <pre class="command" tabindex="0" aria-label="Command"><code>${command}</code></pre>
        <button type="button" class="button button-small" @click=${() => this.#copy(desk, command)}>Copy</button>
      </div>`;
  }

  async #copy(desk: Desk, command: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(command);
      desk.say("The command is copied.");
    } catch {
      desk.say("The browser does not let the page copy. Select the command and copy it by hand.", "error");
    }
  }
}

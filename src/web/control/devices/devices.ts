// Who may come in: devices and machines that ask, those that are in, browsers, and a link that lets a browser in once.
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../../components/element.ts";
import type { Desk } from "../../state/desk.ts";
import { ask } from "../parts/ask.ts";
import { Fetched, read } from "../parts/fetched.ts";
import { describeAgo, describeMoment } from "../parts/words.ts";
import { adopt } from "../styles/adopt.ts";
import style from "./devices.css" with { type: "text" };
import "./login-link.ts";
import "./login-list.ts";
import { describeOffer, describePlatform, type Machine, nameOf } from "./machine.ts";
import "./machine-list.ts";
import { renderCommands } from "./offer.ts";
import {
  describeAddress,
  describeScopes,
  isRevoked,
  type PairedDevice,
  type PairingList,
  type PendingDevice,
} from "./pairing.ts";

adopt(style);

const FRESH_MS = 5_000;

interface Known extends PairingList {
  machines: readonly Machine[];
}

@customElement("sk-devices-room")
export class DevicesRoom extends PageElement {
  @property({ attribute: false }) desk: Desk | undefined;
  /** The device whose name is being written. */
  @state() private renamed: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #list = new Fetched<Known>(this, () => this.desk, readKnown, [
    "device.pair.requested",
    "device.pair.resolved",
    "node.changed",
  ]);

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => void (document.hidden || this.#list.load()), FRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    if (!desk) return html``;
    return html`
      ${this.#list.render(
        ({ pending, paired, logins, machines }) => html`
          <section class="section" aria-labelledby="devices-asking">
            <div class="section-head"><h2 id="devices-asking">Asking to come in</h2></div>
            <div aria-live="polite">
              ${
                pending.length === 0
                  ? html`<p class="nothing">Nobody asks. A device or machine that connects without a token is listed here for an hour.</p>`
                  : html`<ul class="rows">
                      ${repeat(
                        pending,
                        ({ requestId }) => requestId,
                        (request) => html`<li class="row">${this.#renderPending(desk, request)}</li>`,
                      )}
                    </ul>`
              }
            </div>
          </section>
          <sk-machine-list
            .desk=${desk}
            .machines=${machines}
            .lockedOut=${new Set(paired.filter(isRevoked).map(({ deviceId }) => deviceId))}
            @machines-changed=${() => this.#list.load()}
          ></sk-machine-list>
          <section class="section" aria-labelledby="devices-paired">
            <div class="section-head"><h2 id="devices-paired">Paired devices</h2></div>
            ${
              devicesOf(paired, machines).length === 0
                ? html`<p class="nothing">None yet. Browsers log in with a link or the token and need no pairing.</p>`
                : html`<ul class="rows">
                    ${repeat(
                      devicesOf(paired, machines),
                      ({ deviceId }) => deviceId,
                      (device) => html`<li class="row">${this.#renderPaired(desk, device)}</li>`,
                    )}
                  </ul>`
            }
          </section>
          <sk-login-list .desk=${desk} .logins=${logins} @logins-changed=${() => this.#list.load()}></sk-login-list>
        `,
      )}
      <sk-login-link .desk=${desk}></sk-login-link>
    `;
  }

  #renderPending(desk: Desk, request: PendingDevice): TemplateResult {
    const { requestId, platform, remoteIp, ts } = request;
    const name = nameOf(request);
    return html`
      <div class="row-main">
        <p class="row-title"><bdi>${name}</bdi> ${request.role === "node" ? html`<span class="badge">a machine</span>` : nothing}</p>
        <p class="row-note">
          ${[describePlatform(platform), describeAddress(remoteIp), describeAgo(ts, Date.now())].filter(Boolean).join(" · ")}
        </p>
        ${request.role === "node" ? renderMachineRequest(request) : html`<p class="row-note">Wants to ${describeScopes(request.scopes)}.</p>`}
      </div>
      <div class="tools">
        <button
          type="button"
          class="button button-small button-strong"
          aria-label=${`Approve ${name}`}
          @click=${() => this.#do(desk, () => desk.client.request("device.pair.approve", { requestId }), `${name} may come in now.`)}
        >
          Approve
        </button>
        <button
          type="button"
          class="button button-small"
          aria-label=${`Reject ${name}`}
          @click=${() => this.#do(desk, () => desk.client.request("device.pair.reject", { requestId }), `${name} was turned away.`)}
        >
          Reject
        </button>
      </div>
    `;
  }

  #renderPaired(desk: Desk, device: PairedDevice): TemplateResult {
    const { displayName } = device;
    const isOut = isRevoked(device);
    return html`
      <div class="row-main">
        ${
          this.renamed === device.deviceId
            ? this.#renderName(desk, device)
            : html`<p class="row-title">
                <bdi>${displayName}</bdi>
                ${device.isCurrent ? html`<span class="badge">this device</span>` : nothing}
                ${isOut ? html`<span class="badge badge-bad">locked out</span>` : nothing}
              </p>`
        }
        <p class="row-note">
          ${[device.platform, device.roles.join(", "), `paired ${describeMoment(device.createdAtMs)}`, `seen ${describeAgo(device.lastSeenAtMs, Date.now())}`, describeAddress(device.remoteIp)].filter(Boolean).join(" · ")}
        </p>
        <p class="row-note">May ${isOut ? "do nothing" : describeScopes(device.scopes)}.</p>
      </div>
      <div class="tools">
        <button type="button" class="button button-small" aria-label=${`Rename ${displayName}`} @click=${() => this.#beginRename(device.deviceId)}>
          Rename
        </button>
        ${
          isOut
            ? nothing
            : html`<button type="button" class="button button-small" aria-label=${`New token for ${displayName}`} @click=${() => this.#rotate(desk, device)}>
                  New token…
                </button>
                <button type="button" class="button button-small" aria-label=${`Lock out ${displayName}`} @click=${() => this.#revoke(desk, device)}>
                  Lock out…
                </button>`
        }
        <button
          type="button"
          class="button button-small button-grave"
          aria-label=${`Remove ${displayName}`}
          @click=${() => this.#remove(desk, device)}
        >
          Remove…
        </button>
      </div>
    `;
  }

  #renderName(desk: Desk, device: PairedDevice): TemplateResult {
    return html`<form class="device-name" @submit=${(event: SubmitEvent) => this.#rename(event, desk, device)} @keydown=${this.#onNameKey}>
      <label class="unseen" for="device-label">Name of the device</label>
      <input id="device-label" class="field" maxlength="100" required autocomplete="off" dir="auto" .value=${device.displayName} />
      <button class="button">Save</button>
    </form>`;
  }

  #beginRename(deviceId: string): void {
    this.renamed = deviceId;
    void this.updateComplete.then(() => this.querySelector<HTMLInputElement>("#device-label")?.select());
  }

  #onNameKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.renamed = undefined;
  };

  async #rename(event: SubmitEvent, desk: Desk, { deviceId }: PairedDevice): Promise<void> {
    event.preventDefault();
    const label = this.querySelector<HTMLInputElement>("#device-label")?.value.trim() ?? "";
    if (label === "") return;
    const isDone = await this.#do(
      desk,
      () => desk.client.request("device.pair.rename", { deviceId, label }),
      `Renamed to “${label}”.`,
    );
    if (isDone) this.renamed = undefined;
  }

  async #rotate(desk: Desk, { deviceId, displayName, roles }: PairedDevice): Promise<void> {
    const isSure = await ask({
      title: `A new token for ${displayName}?`,
      text: "The old token stops working at once and the device is disconnected. It gets the new one by itself when it proves its key again.",
      yes: "Make a new token",
    });
    if (!isSure) return;
    const work = () => Promise.all(roles.map((role) => desk.client.request("device.token.rotate", { deviceId, role })));
    await this.#do(desk, work, `${displayName} has a new token.`);
  }

  async #revoke(desk: Desk, { deviceId, displayName, roles }: PairedDevice): Promise<void> {
    const isSure = await ask({
      title: `Lock out ${displayName}?`,
      text: "It is disconnected and its token ends. It stays in the list, and can ask to come in again.",
      yes: "Lock out",
    });
    if (!isSure) return;
    const work = () => Promise.all(roles.map((role) => desk.client.request("device.token.revoke", { deviceId, role })));
    await this.#do(desk, work, `${displayName} is locked out.`);
  }

  async #remove(desk: Desk, { deviceId, displayName }: PairedDevice): Promise<void> {
    const isSure = await ask({
      title: `Remove ${displayName}?`,
      text: "It is disconnected, and its pairing and name are forgotten. To come back it must ask and be approved again.",
      yes: "Remove",
    });
    if (!isSure) return;
    await this.#do(desk, () => desk.client.request("device.pair.remove", { deviceId }), `${displayName} was removed.`);
  }

  async #do(desk: Desk, work: () => Promise<unknown>, word: string): Promise<boolean> {
    const isDone = await desk.attempt(work);
    if (isDone) desk.say(word);
    await this.#list.load();
    return isDone;
  }
}

/** What it would be let in for, and the code by which one knows that it is the machine one means. */
function renderMachineRequest({ code = "", commands = [] }: PendingDevice): TemplateResult {
  return html`<p class="row-note">Offers to ${describeOffer(commands)}.</p>
    ${code === "" ? nothing : html`<p class="machine-code">Its code is <code>${code}</code><span class="row-note">Approve it only if the machine shows the same.</span></p>`}
    ${renderCommands("All commands", commands)}`;
}

/** A machine has a row of its own kind. */
function devicesOf(paired: readonly PairedDevice[], machines: readonly Machine[]): readonly PairedDevice[] {
  return paired.filter(
    ({ deviceId, roles }) => roles.some((role) => role !== "node") || machines.every(({ nodeId }) => nodeId !== deviceId),
  );
}

async function readKnown(desk: Desk): Promise<Known> {
  const [list, { nodes }] = await Promise.all([
    read<PairingList, "device.pair.list">(desk, "device.pair.list", {}),
    read<{ nodes: Machine[] }, "node.list">(desk, "node.list", {}),
  ]);
  return { ...list, machines: nodes };
}

export const showDevices = (desk: Desk): TemplateResult => html`<sk-devices-room .desk=${desk}></sk-devices-room>`;

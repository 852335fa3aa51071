// What one session has of a browser: its tabs and the lines to them. No session sees the tabs of another, though they may share
// cookies. Tabs are known by the browser's own ids, so they are found again over a new line.
import { ToolFailure } from "../contract/errors.ts";
import type { Connection } from "./connection.ts";
import { Page } from "./page/page.ts";
import { addTab, type BrowserState, dropTab, type TabState } from "./state.ts";

const MOST_TABS = 12;

export class Talk {
  readonly connection: Connection;
  readonly state: BrowserState;
  readonly #pages = new Map<string, Page>();
  readonly #notes: string[] = [];
  readonly #stops: (() => void)[];

  constructor(connection: Connection, state: BrowserState) {
    this.connection = connection;
    this.state = state;
    for (const { target } of [...state.tabs]) if (!connection.targets.has(target)) dropTab(state, target);
    for (const { targetId, type, openerId } of connection.targets.values()) {
      if (type === "page" && openerId) this.#adopt(targetId, openerId);
    }
    this.#stops = [
      connection.cdp.on("Target.targetCreated", ({ targetInfo: { targetId, type, openerId } }) => {
        if (type === "page" && openerId) this.#adopt(targetId, openerId);
      }),
      connection.cdp.on("Target.targetDestroyed", ({ targetId }) => this.#forget(targetId)),
      connection.cdp.on("Target.targetCrashed", ({ targetId }) => {
        if (!this.#tabOf(targetId)) return;
        this.#notes.push("The page crashed; open it again.");
        this.connection.cdp.tell("Target.closeTarget", { targetId });
        this.#forget(targetId);
      }),
    ];
  }

  /** A new tab, which is the current one from now on. */
  async open(): Promise<Page> {
    if (this.state.tabs.length >= MOST_TABS) throw new ToolFailure(`There are ${MOST_TABS} tabs open; close one first.`);
    const { targetId } = await this.connection.cdp.send("Target.createTarget", { url: "about:blank" });
    const tab = this.#tabOf(targetId) ?? addTab(this.state, targetId);
    this.state.current = tab.id;
    return this.page(tab.id);
  }

  /** @throws ToolFailure when there is no such tab. */
  async page(id = this.state.current): Promise<Page> {
    const tab = this.state.tabs.find((one) => one.id === id);
    if (!tab) {
      const known = this.state.tabs.map((one) => one.id).join(", ");
      throw new ToolFailure(
        known === "" ? "No page is open; open one with action open and a url." : `There is no tab ${id}; there are ${known}.`,
      );
    }
    const open = this.#pages.get(tab.id);
    if (open && !open.isGone) return open;
    const page = await Page.attach(this.connection, tab);
    this.#pages.set(tab.id, page);
    return page;
  }

  tabs(): { tab: TabState; title: string; url: string; isCurrent: boolean }[] {
    return this.state.tabs.map((tab) => {
      const { title = "", url = "" } = this.connection.targets.get(tab.target) ?? {};
      return { tab, title, url, isCurrent: tab.id === this.state.current };
    });
  }

  async focus(id: string): Promise<void> {
    const page = await this.page(id);
    this.state.current = page.tab.id;
    await page.send("Page.bringToFront");
  }

  async close(id = this.state.current): Promise<string> {
    const page = await this.page(id);
    const { target } = page.tab;
    await this.connection.cdp.send("Target.closeTarget", { targetId: target });
    this.#forget(target);
    return page.tab.id;
  }

  async closeAll(): Promise<void> {
    for (const { target } of [...this.state.tabs]) {
      this.connection.cdp.tell("Target.closeTarget", { targetId: target });
      this.#forget(target);
    }
  }

  /** What happened to tabs since the last look. */
  takeNotes(): string[] {
    const said = [...this.#pages.values()].flatMap((page) => page.notes.splice(0));
    return [...this.#notes.splice(0), ...said];
  }

  /** The line is not used any more; the tabs stay. */
  leave(): void {
    for (const stop of this.#stops) stop();
    for (const page of this.#pages.values()) page.detach();
    this.#pages.clear();
  }

  #tabOf(target: string): TabState | undefined {
    return this.state.tabs.find((tab) => tab.target === target);
  }

  /** A window that a page of ours opened. */
  #adopt(target: string, opener: string): void {
    if (!this.#tabOf(opener) || this.#tabOf(target)) return;
    if (this.state.tabs.length >= MOST_TABS) {
      this.connection.cdp.tell("Target.closeTarget", { targetId: target });
      this.#notes.push("The page opens windows without end; those beyond the first were closed.");
      return;
    }
    const tab = addTab(this.state, target);
    this.#notes.push(`The page opened a new tab: ${tab.id}. Use focus to go there.`);
  }

  #forget(target: string): void {
    const tab = this.#tabOf(target);
    if (!tab) return;
    this.#pages.get(tab.id)?.detach();
    this.#pages.delete(tab.id);
    dropTab(this.state, target);
  }
}

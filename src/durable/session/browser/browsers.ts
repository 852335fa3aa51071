// The browsers of a talk outside the house: one at the edge, one at an address. Started at the first use, reached anew for each call,
// ended with the turn unless kept; every minute at the edge is told to the Directory, which holds the day's limit.
import type { BrowserAnswer } from "../../../browser/answer.ts";
import { heldMs } from "../../../browser/hand-off/time.ts";
import type { Talk } from "../../../browser/talk.ts";
import { ToolFailure } from "../../../contract/errors.ts";
import type { BrowserBrief } from "../../../contract/home/browser-settings.ts";
import type { HandOffLink } from "../../hand-off-link.ts";
import type { BrowserTask } from "../../tools/port.ts";
import type { SessionParts } from "../parts.ts";
import type { BrowserBinding, FetchUpgrade, LineSocket } from "./edge.ts";
import { BrowserRows, type OpenBrowser, type OpenPlace } from "./rows.ts";

/** What the session is given of the outside for them. */
export interface BrowserPorts {
  /** Absent: there is none at the edge. */
  binding?: BrowserBinding;
  /** The binding is this machine's own: its network has private hosts. */
  isLocal: boolean;
  fetch: FetchUpgrade;
  /** Asks a DNS service. A browser at an address may stand in somebody's network: its names are looked at before it goes there. */
  resolveHost: (name: string) => Promise<string[]>;
  /** Seals the link to a page that is handed to a person. */
  sealLink?: (link: Omit<HandOffLink, "sessionKey">) => Promise<string>;
}

/** Between two calls of a turn the model thinks; what is left behind by a crash costs this much browser time at most. */
const TURN_IDLE_MS = 120_000;
/** Longer waits belong into a row, not into memory. */
const LONGEST_WAIT_S = 20;
const SCARCE_MS = 120_000;
/** What needs no page: only these start a browser. */
const STARTS: readonly BrowserTask["input"]["action"][] = ["open", "navigate", "download", "emulate"];

export class Browsers {
  readonly rows: BrowserRows;
  readonly #parts: SessionParts;
  /** A turn's end ends its browser while the next turn may begin already. */
  #ending: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.rows = new BrowserRows(parts.sql);
  }

  /** @throws ToolFailure with what the model should read. */
  async do(place: OpenPlace, task: BrowserTask, brief: BrowserBrief): Promise<BrowserAnswer> {
    await this.#ending;
    const { input } = task;
    if (place === "cdp" && task.profile !== "default") {
      throw new ToolFailure("The browser at the DevTools address has the one profile it runs with; leave profile out.");
    }
    switch (input.action) {
      case "status":
        return { notes: await this.#describe(place, brief) };
      case "profiles":
        return this.#manageProfiles(place, task);
      case "handoff": {
        const { openToPerson } = await import("./visit.ts");
        return this.#visit(place, task, brief, (talk) => openToPerson(talk, task, place, heldMs(input)));
      }
      default: {
        const isWait = input.action === "act" && (input.seconds ?? 0) > LONGEST_WAIT_S;
        const bounded = isWait ? { ...task, input: { ...input, seconds: LONGEST_WAIT_S } } : task;
        const { act } = await import("./visit.ts");
        return this.#visit(place, bounded, brief, (talk) => act(talk, bounded));
      }
    }
  }

  async isHandedBack(place: OpenPlace, task: BrowserTask, brief: BrowserBrief): Promise<boolean> {
    const { isGivenBack } = await import("./visit.ts");
    const look = async (talk: Talk) => ({ notes: [], isOver: await isGivenBack(talk, task, place) });
    return (await this.#visit(place, task, brief, look)).isOver;
  }

  /** A further line to the one that is open there; undefined: it is no more. */
  async reachOpen(place: OpenPlace): Promise<LineSocket | undefined> {
    const open = this.rows.find(place);
    return open && this.#line(open);
  }

  /** The turn is over: what is not kept is ended. Never rejects. */
  release(): Promise<void> {
    const now = this.#parts.now();
    const due = this.rows.all().filter(({ keepUntil }) => keepUntil <= now);
    if (due.length === 0) return Promise.resolve();
    this.#ending = (async () => {
      await this.#ending;
      for (const open of due) await this.#end(open);
    })();
    return this.#ending;
  }

  /** When a kept one is to be ended. */
  dueAt(): number | undefined {
    const open = this.rows.all();
    return open.length === 0 ? undefined : Math.min(...open.map(({ keepUntil }) => keepUntil));
  }

  async endAll(): Promise<void> {
    for (const open of this.rows.all()) await this.#end(open);
  }

  async #visit<T extends { notes: string[] }>(
    place: OpenPlace,
    task: BrowserTask,
    brief: BrowserBrief,
    work: (talk: Talk) => Promise<T>,
  ): Promise<T> {
    const notes: string[] = [];
    if (place === "edge") notes.push(...(await this.#checkTime(brief)));
    const { giveCookies, takeCookies, visit } = await import("./visit.ts");
    const reached = await this.#reach(place, task, brief, notes);
    const { open, socket, isNew } = reached;
    const state = this.rows.stateOf(place);
    const { now } = this.#parts.ports;
    let cookies: string | undefined;
    const options = { policy: task.policy, signal: this.#parts.abort.signal, ...this.#resolver(place) };
    try {
      const done = await visit(socket, state, options, async (talk) => {
        const kept = isNew && place === "edge" ? this.rows.cookiesOf(open.profile) : undefined;
        if (kept !== undefined) await giveCookies(talk, kept);
        try {
          return await work(talk);
        } finally {
          if (place === "edge") cookies = await takeCookies(talk).catch(() => undefined);
        }
      });
      return { ...done, notes: [...notes, ...done.notes] };
    } catch (error) {
      if (error instanceof ToolFailure && notes.length > 0) throw new ToolFailure([...notes, error.message].join(" "));
      throw error;
    } finally {
      const usedAt = now();
      const asked = task.input.action === "open" ? (task.input.seconds ?? 0) * 1000 : 0;
      const keptMs = Math.min(Math.max(brief.keepAliveMs, asked), open.idleMs);
      const keepUntil = Math.max(open.keepUntil, keptMs === 0 ? 0 : usedAt + keptMs);
      this.#parts.commit(() => {
        this.rows.save(place, state, { usedAt, keepUntil });
        if (cookies !== undefined) this.rows.keepCookies(open.profile, cookies, usedAt);
      });
      await this.#noteUse({ ...open, usedAt });
    }
  }

  /** A line to the browser of this place, started where there is none. */
  async #reach(
    place: OpenPlace,
    task: BrowserTask,
    brief: BrowserBrief,
    notes: string[],
  ): Promise<{ open: OpenBrowser; socket: LineSocket; isNew: boolean }> {
    const known = await this.#stillMeant(place, task, brief, notes);
    if (known) {
      const socket = await this.#line(known);
      if (socket) return { open: known, socket, isNew: false };
      this.rows.remove(place);
      notes.push(`The browser ${known.place === "edge" ? "at the edge " : ""}ended meanwhile; its pages are gone.`);
      await this.#noteUse(known);
    }
    const isStart = STARTS.includes(task.input.action) && (task.input.action !== "download" || task.input.url !== undefined);
    if (!isStart) throw new ToolFailure([...notes.splice(0), "No page is open; open one with action open and a url."].join(" "));
    const open = await this.#start(place, task, brief);
    const note = () => this.#parts.commit(() => this.rows.add(open));
    // One that was started is known before anything can go wrong with it; an address is known once somebody answers there.
    if (place === "edge") note();
    await this.#noteUse(open);
    const socket = await this.#line(open);
    if (place === "cdp") note();
    if (!socket) throw new ToolFailure("The browser at the edge started, but cannot be reached; try again in a moment.");
    return { open, socket, isNew: true };
  }

  async #stillMeant(
    place: OpenPlace,
    task: BrowserTask,
    { cdpUrl }: BrowserBrief,
    notes: string[],
  ): Promise<OpenBrowser | undefined> {
    const open = this.rows.find(place);
    if (!open) return undefined;
    if (place === "cdp" && open.sessionId !== cdpUrl) {
      this.rows.remove(place);
      return undefined;
    }
    if (open.profile === task.profile) return open;
    await this.#end(open);
    notes.push(`The pages with profile ${open.profile} were closed.`);
    return undefined;
  }

  async #start(place: OpenPlace, { profile, input, policy }: BrowserTask, brief: BrowserBrief): Promise<OpenBrowser> {
    const now = this.#parts.now();
    const asked = input.action === "open" ? (input.seconds ?? 0) * 1000 : 0;
    const idleMs = Math.max(TURN_IDLE_MS, brief.keepAliveMs, asked);
    const open = { place, profile, startedAt: now, usedAt: now, keepUntil: 0 };
    if (place === "cdp") return { ...open, sessionId: brief.cdpUrl ?? "", idleMs };
    const { startBrowser } = await import("./edge.ts");
    this.#parts.wake.countOutside();
    const { allowedDomains } = policy;
    const allowedHosts = this.#ports().isLocal ? policy.allowedHosts : undefined;
    const started = await startBrowser(this.#binding(), { idleMs, allowedDomains, allowedHosts });
    return { ...open, ...started };
  }

  async #line({ place, sessionId }: OpenBrowser): Promise<LineSocket | undefined> {
    this.#parts.wake.countOutside();
    if (place === "edge") {
      const { reachBrowser } = await import("./edge.ts");
      return reachBrowser(this.#binding(), sessionId, this.#parts.abort.signal);
    }
    const { reachAddress } = await import("./cdp.ts");
    return reachAddress(this.#ports().fetch, sessionId);
  }

  async #end(open: OpenBrowser): Promise<void> {
    const { place, sessionId } = open;
    try {
      this.#parts.wake.countOutside();
      if (place === "edge") {
        const { endBrowser } = await import("./edge.ts");
        await endBrowser(this.#binding(), sessionId);
        await this.#noteUse(open, this.#parts.now());
      } else await this.#closeTabs(open);
    } catch (error) {
      // It ends by itself when it was idle for long enough, and is counted until then.
      console.error("a browser was not closed", error);
    }
    this.rows.remove(place);
  }

  async #closeTabs(open: OpenBrowser): Promise<void> {
    const { visit } = await import("./visit.ts");
    const socket = await this.#line(open);
    if (!socket) return;
    const policy = { allowedHosts: [], allowedDomains: [], mayEvaluate: false };
    const options = { policy, signal: AbortSignal.timeout(10_000), ...this.#resolver(open.place) };
    await visit(socket, this.rows.stateOf(open.place), options, (talk) => talk.closeAll());
  }

  /** @throws ToolFailure when the day's time is used up. */
  async #checkTime({ dailyMs }: BrowserBrief): Promise<string[]> {
    if (dailyMs === undefined) return [];
    const used = await this.#usedToday();
    const open = this.rows.find("edge");
    if (used >= dailyMs) {
      if (open) await this.#end(open);
      throw new ToolFailure(
        `The browser at the edge has had its ${minutes(dailyMs)} of today (until midnight UTC). The owner can raise browser.minutesPerDay where the plan has more, or use a machine at home (skerry bridge).`,
      );
    }
    return open && dailyMs - used > SCARCE_MS ? [] : [`Browser time today: ${minutes(used)} of ${minutes(dailyMs)}.`];
  }

  async #usedToday(): Promise<number> {
    this.#parts.wake.countInside();
    return this.#parts.ports.directory.noteBrowserUse();
  }

  /** `until`: when it ended; else it ends when it was idle for long enough. Never rejects: a count that is late fails no call. */
  async #noteUse({ place, sessionId: id, startedAt, usedAt, idleMs }: OpenBrowser, until = usedAt + idleMs): Promise<void> {
    if (place !== "edge") return;
    this.#parts.wake.countInside();
    await this.#parts.ports.directory
      .noteBrowserUse({ id, startedAt, until })
      .catch((error: unknown) => console.error("browser time was not counted", error));
  }

  async #describe(place: OpenPlace, { dailyMs, places, keepAliveMs }: BrowserBrief): Promise<string[]> {
    const open = this.rows.find(place);
    const { tabs } = this.rows.stateOf(place);
    const used = place === "edge" ? await this.#usedToday() : 0;
    const ran = open
      ? `runs with profile ${open.profile}; open tabs: ${tabs.map(({ id }) => id).join(", ") || "none"}`
      : "is not running";
    const limit = dailyMs === undefined ? minutes(used) : `${minutes(used)} of ${minutes(dailyMs)}`;
    return [
      `The browser ${place === "edge" ? "at the edge" : "at the DevTools address"} ${ran}.`,
      ...(place === "edge" ? [`Browser time today: ${limit}.`] : []),
      `It ends ${keepAliveMs === 0 ? "with your answer" : `${keepAliveMs / 1000} seconds after your answer`}. Browsers here: ${places.join(", ")}.`,
    ];
  }

  async #manageProfiles(place: OpenPlace, { input, profile }: BrowserTask): Promise<BrowserAnswer> {
    if (place === "cdp") throw new ToolFailure("The browser at the DevTools address has one profile, its owner's.");
    if (input.op === "clear") {
      const open = this.rows.find(place);
      if (open?.profile === profile) await this.#end(open);
      const wasThere = this.rows.clearProfile(profile);
      return {
        notes: [wasThere ? `Cleared profile ${profile}: its cookies are gone.` : `There is nothing kept of profile ${profile}.`],
      };
    }
    const known = this.rows.profiles();
    if (known.length === 0) return { notes: ["No profile keeps anything yet. One is made by its first use."] };
    return {
      notes: known.map(
        ({ name, cookies, usedAt }) => `${name}: ${cookies} cookies, changed ${new Date(usedAt).toISOString().slice(0, 16)}Z`,
      ),
    };
  }

  /** At the edge whoever runs the browser resolves: Cloudflare, in a network without anybody's private hosts, or this machine's proxy. */
  #resolver(place: OpenPlace): { resolveHost?: (name: string) => Promise<string[]> } {
    if (place === "edge") return {};
    const { resolveHost } = this.#ports();
    return {
      resolveHost: (name) => {
        this.#parts.wake.countOutside();
        return resolveHost(name);
      },
    };
  }

  #binding(): BrowserBinding {
    const { binding } = this.#ports();
    if (!binding) throw new ToolFailure("There is no browser at the edge here.");
    return binding;
  }

  #ports(): BrowserPorts {
    const { browser } = this.#parts.ports;
    if (!browser) throw new ToolFailure("There is no browser here.");
    return browser;
  }
}

function minutes(ms: number): string {
  const count = Math.round(ms / 6000) / 10;
  return `${count} ${count === 1 ? "minute" : "minutes"}`;
}

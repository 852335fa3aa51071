// The browsers that run on this machine, one for each profile in use: started when one is wanted, closed when nobody uses it or
// when there are too many. Whoever had pages in one that is no more hears why, once.
import { HomeRefused } from "../../contract/errors.ts";
import { Running, type RunningStart } from "./running.ts";

export interface BrowsersOptions {
  idleMs: number;
  now(): number;
  log(text: string, isBad?: boolean): void;
}

const MOST = 4;

export class Browsers {
  readonly #options: BrowsersOptions;
  readonly #byProfile = new Map<string, Promise<Running>>();
  /** By profile and session. */
  readonly #lost = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BrowsersOptions) {
    this.#options = options;
  }

  /** The one that runs with this profile. */
  async find(profile: string): Promise<Running | undefined> {
    const running = await this.#byProfile.get(profile)?.catch(() => undefined);
    return running && !running.isOver ? running : undefined;
  }

  /** The same, started where there is none. @throws HomeRefused */
  async open(profile: string, start: () => RunningStart): Promise<Running> {
    for (;;) {
      const known = this.#byProfile.get(profile);
      if (!known) return this.#start(profile, start);
      const running = await known;
      if (!running.isOver) return running;
      // Two browsers in one folder would spoil it: the old one has to be gone first.
      await running.close("");
      if (this.#byProfile.get(profile) === known) this.#byProfile.delete(profile);
    }
  }

  async all(): Promise<Running[]> {
    const settled = await Promise.allSettled(this.#byProfile.values());
    return settled.flatMap((one) => (one.status === "fulfilled" && !one.value.isOver ? [one.value] : []));
  }

  /** `reason` is told to whoever had pages in it. Answers whether one ran. */
  async end(profile: string, reason: string): Promise<boolean> {
    const running = await this.find(profile);
    await running?.close(reason);
    return running !== undefined;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all((await this.all()).map((running) => running.close("The bridge ended.")));
  }

  /** Why the pages of a session are gone, told once. */
  takeLost(profile: string, sessionKey: string): string[] {
    const reason = this.#lost.get(seatOf(profile, sessionKey));
    this.#lost.delete(seatOf(profile, sessionKey));
    return reason === undefined ? [] : [reason];
  }

  #start(profile: string, start: () => RunningStart): Promise<Running> {
    const { log, idleMs } = this.#options;
    const starting = (async () => {
      await this.#makeRoom(profile);
      const running = await Running.start(start());
      log(`browser: ${running.version} started, profile ${profile}`);
      void running.over.then((reason) => {
        for (const sessionKey of running.sessions) this.#lost.set(seatOf(profile, sessionKey), reason);
        log(`browser: profile ${profile} ended. ${reason}`, /crashed/.test(reason));
      });
      return running;
    })();
    this.#byProfile.set(profile, starting);
    starting.catch(() => this.#byProfile.delete(profile));
    this.#timer ??= setInterval(() => void this.#tidy(), Math.min(idleMs / 2, 60_000)).unref();
    return starting;
  }

  /** Browsers are large: the one that was not used longest makes room. */
  async #makeRoom(profile: string): Promise<void> {
    if ([...this.#byProfile.keys()].filter((name) => name !== profile).length < MOST) return;
    const others = (
      await Promise.allSettled([...this.#byProfile].flatMap(([name, one]) => (name === profile ? [] : [one])))
    ).flatMap((one) => (one.status === "fulfilled" && !one.value.isOver ? [one.value] : []));
    if (others.length < MOST) return;
    const [oldest] = others.filter((one) => !one.isAtWork).sort((one, other) => one.usedAt - other.usedAt);
    if (!oldest)
      throw new HomeRefused("UNAVAILABLE", `${MOST} browsers are at work on this machine already; try again in a moment.`);
    await oldest.close("The browser was closed to make room for another profile.");
  }

  async #tidy(): Promise<void> {
    const { idleMs, now } = this.#options;
    const since = now() - idleMs;
    const reason = `The pages were closed after ${Math.round(idleMs / 60_000)} minutes without use.`;
    for (const running of await this.all()) {
      if (running.isAtWork) continue;
      if (running.usedAt < since) await running.close(reason);
      else for (const key of await running.tidy(since)) this.#lost.set(seatOf(running.profile, key), reason);
    }
  }
}

function seatOf(profile: string, sessionKey: string): string {
  return `${profile} ${sessionKey}`;
}

// What is known of a browser between two calls, as plain JSON: at the edge the line is dropped after every call, and the next
// one may be made by an object that has just woken up.

/** An element by the browser's own number for it, which outlives a line, and the document it stood in. */
export interface RefRow {
  node: number;
  frame: string;
  loader: string;
}

export interface Emulation {
  width?: number;
  height?: number;
  scale?: number;
  isMobile?: boolean;
  userAgent?: string;
  geo?: { latitude: number; longitude: number };
  isOffline?: boolean;
  isDark?: boolean;
  timeZone?: string;
}

export interface TabState {
  id: string;
  target: string;
  refs: Record<string, RefRow>;
  nextRef: number;
  /** The page in compact form when it was looked at last, for the difference to the next look. */
  seen?: { lines: string[] };
  /** What to do with the next dialog; none: an alert is closed, a question is answered with no. */
  dialog?: { accept: boolean; text: string };
  emulation: Emulation;
  console: string[];
  errors: string[];
  requests: string[];
  /** The time of the last message of the console that is kept: a new line tells them all again. */
  heardAt: number;
}

export interface BrowserState {
  tabs: TabState[];
  current?: string;
  nextTab: number;
}

const KEPT = { console: 100, errors: 50, requests: 50 } as const;
const MOST_REFS = 4000;

export function newState(): BrowserState {
  return { tabs: [], nextTab: 1 };
}

export function addTab(state: BrowserState, target: string): TabState {
  const tab: TabState = {
    id: `t${state.nextTab++}`,
    target,
    refs: {},
    nextRef: 1,
    emulation: {},
    console: [],
    errors: [],
    requests: [],
    heardAt: 0,
  };
  state.tabs.push(tab);
  return tab;
}

export function dropTab(state: BrowserState, target: string): void {
  state.tabs = state.tabs.filter((tab) => tab.target !== target);
  if (!state.tabs.some(({ id }) => id === state.current)) {
    const last = state.tabs.at(-1);
    if (last) state.current = last.id;
    else delete state.current;
  }
}

export function keep(tab: TabState, what: keyof typeof KEPT, line: string): void {
  const rows = tab[what];
  rows.push(line.slice(0, 500));
  if (rows.length > KEPT[what]) rows.splice(0, rows.length - KEPT[what]);
}

/** The name of an element, the same as long as its document lives. Counts on after a navigation: an old name means nothing new. */
export class RefBook {
  readonly #tab: TabState;
  readonly #known: Map<string, string>;

  constructor(tab: TabState) {
    this.#tab = tab;
    this.#known = new Map(Object.entries(tab.refs).map(([ref, row]) => [keyOf(row), ref]));
  }

  nameOf(row: RefRow): string | undefined {
    const known = this.#known.get(keyOf(row));
    if (known) return known;
    if (this.#known.size >= MOST_REFS) return undefined;
    const ref = `e${this.#tab.nextRef++}`;
    this.#tab.refs[ref] = row;
    this.#known.set(keyOf(row), ref);
    return ref;
  }

  /** Forgets what stood in documents that are gone. */
  keepOnly(loaders: ReadonlySet<string>): void {
    for (const [ref, row] of Object.entries(this.#tab.refs)) {
      if (loaders.has(row.loader)) continue;
      delete this.#tab.refs[ref];
      this.#known.delete(keyOf(row));
    }
  }
}

function keyOf({ node, frame, loader }: RefRow): string {
  return `${frame}/${loader}/${node}`;
}

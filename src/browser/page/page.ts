// One tab with a line to it: its frames (those in other processes too), what it says, its dialogs, its loading. Lives as long as
// the line; what must outlive it stands in the tab's state.
import type { Protocol } from "devtools-protocol/types/protocol.d.ts";
import { ToolFailure } from "../../contract/errors.ts";
import { plain } from "../answer.ts";
import type { Connection } from "../connection.ts";
import { CdpRefused, type Command, GONE, type Params, type Result } from "../line.ts";
import { keep, type TabState } from "../state.ts";
import { allowPlace, applyEmulation } from "./emulation.ts";

export interface Frame {
  id: string;
  parent?: string;
  session: string;
  url: string;
  loader: string;
}

/** An element, or a function's world, that a script can be run on. */
export type Spot = { session: string; objectId: string } | { session: string; executionContextId: number };

const WORLD = "skerry";
const ALL_REQUESTS = { patterns: [{ urlPattern: "*", requestStage: "Request" as const }] };
const LOAD_MS = 15_000;
const QUIET_MS = 120;
const MOST_NOTES = 20;

export class Page {
  readonly connection: Connection;
  readonly tab: TabState;
  readonly session: string;
  /** Said since the last look. */
  readonly notes: string[] = [];
  readonly #sessions = new Map<string, { parentFrame?: string | undefined }>();
  readonly #worlds = new Map<string, Promise<number>>();
  /** Ids of frames, known without asking: a page that is on its way to another one answers nothing. */
  readonly #frameIds = new Set<string>();
  readonly #stops: (() => void)[] = [];
  /** What it asked last in a window of its own, and what it was told. Who looks by pictures alone would never know. */
  asked: { at: number; words: string } | undefined;
  #isLoading = false;
  #mainFrame = "";
  #outermost: Protocol.Page.Frame | undefined;
  #chooser: ((node: number | undefined, session: string) => void) | undefined;

  private constructor(connection: Connection, tab: TabState, session: string) {
    this.connection = connection;
    this.tab = tab;
    this.session = session;
  }

  static async attach(connection: Connection, tab: TabState): Promise<Page> {
    const { sessionId } = await connection.cdp.send("Target.attachToTarget", { targetId: tab.target, flatten: true });
    const page = new Page(connection, tab, sessionId);
    page.#listen();
    try {
      await page.#take(sessionId);
      const tree = await page.#treeOf(sessionId);
      page.#know(tree);
      const { frame } = tree;
      page.#mainFrame = frame.id;
      page.#outermost = frame;
      await applyEmulation(page, {}, tab.emulation);
      return page;
    } catch (error) {
      // A page that hangs is asked again and again.
      page.detach();
      throw error;
    }
  }

  get isGone(): boolean {
    return !this.#sessions.has(this.session) || this.connection.cdp.isClosed;
  }

  send<M extends Command>(method: M, params?: Params<M>, session = this.session, waitMs?: number): Promise<Result<M>> {
    return this.connection.cdp.send(method, params, session, waitMs);
  }

  detach(): void {
    for (const stop of this.#stops) stop();
    if (!this.isGone) this.connection.cdp.tell("Target.detachFromTarget", { sessionId: this.session });
    this.#sessions.clear();
  }

  /** @throws ToolFailure when the tab or its browser is gone: no frames would look like an empty page. */
  async frames(): Promise<Frame[]> {
    if (this.isGone) throw new ToolFailure(this.connection.cdp.isClosed ? GONE : "The tab was closed; open the page again.");
    const found: Frame[] = [];
    const walk = (tree: Protocol.Page.FrameTree, session: string, parent: string | undefined) => {
      const { id, url, loaderId, urlFragment = "" } = tree.frame;
      const above = tree.frame.parentId ?? parent;
      if (!found.some((frame) => frame.id === id)) {
        found.push({ id, session, url: url + urlFragment, loader: loaderId, ...(above ? { parent: above } : {}) });
      }
      for (const child of tree.childFrames ?? []) walk(child, session, id);
    };
    // Frames of other processes first: their own process knows them better than their parent's does.
    for (const [session, { parentFrame }] of [...this.#sessions].reverse()) {
      const tree = await this.#treeOf(session).catch((error: unknown) => {
        if (session === this.session) throw error;
        return undefined;
      });
      if (tree) walk(tree, session, parentFrame);
    }
    return found.sort((one, other) => Number(one.parent !== undefined) - Number(other.parent !== undefined));
  }

  hasFrame(id: string): boolean {
    return this.#frameIds.has(id);
  }

  #know({ frame, childFrames = [] }: Protocol.Page.FrameTree): void {
    this.#frameIds.add(frame.id);
    for (const child of childFrames) this.#know(child);
  }

  async main(): Promise<Frame> {
    const { id, url, loaderId, urlFragment = "" } = (await this.#treeOf(this.session)).frame;
    return { id, url: url + urlFragment, loader: loaderId, session: this.session };
  }

  /** A page can nest frames deeper than the browser can tell of; then only its outermost one is known. */
  async #treeOf(session: string): Promise<Protocol.Page.FrameTree> {
    try {
      return (await this.send("Page.getFrameTree", undefined, session)).frameTree;
    } catch (error) {
      const frame = this.#outermost;
      if (session !== this.session || !frame || !(error instanceof CdpRefused) || !/stack limit/i.test(error.message))
        throw error;
      const note = "The page nests frames without end: only the outermost is read.";
      if (!this.notes.includes(note)) this.notes.push(note);
      return { frame };
    }
  }

  /** A world of our own in a frame: the page's scripts cannot change what ours rely on. */
  async worldOf(frame: Frame): Promise<Spot> {
    const key = `${frame.id}/${frame.loader}`;
    let made = this.#worlds.get(key);
    if (!made) {
      made = this.send("Page.createIsolatedWorld", { frameId: frame.id, worldName: WORLD }, frame.session).then(
        ({ executionContextId }) => executionContextId,
      );
      this.#worlds.set(key, made);
      made.catch(() => this.#worlds.delete(key));
    }
    return { session: frame.session, executionContextId: await made };
  }

  /** Runs a function's text; `this` is the element of the spot. Answers what it returns, as plain data. */
  async call<T>(spot: Spot, script: string, args: unknown[] = [], waitMs?: number): Promise<T> {
    const { session, ...on } = spot;
    const params = {
      ...on,
      functionDeclaration: script,
      arguments: args.map((value) => ({ value })),
      returnByValue: true,
      awaitPromise: true,
      userGesture: true,
    };
    const { result, exceptionDetails } = await this.send("Runtime.callFunctionOn", params, session, waitMs);
    if (exceptionDetails) throw new ToolFailure(explainException(exceptionDetails));
    return result.value as T;
  }

  /** Waits until the main frame has loaded. Answers whether it has. */
  async waitLoaded(waitMs = LOAD_MS): Promise<boolean> {
    const until = Date.now() + waitMs;
    while (this.#isLoading && Date.now() < until && !this.isGone) await pause(25);
    return !this.#isLoading;
  }

  /** What an act leads to begins a moment later: a navigation is waited for, anything else gets that moment. */
  async settle(): Promise<void> {
    await pause(QUIET_MS);
    if (this.#isLoading) await this.waitLoaded(10_000);
    if (this.#isLoading) this.notes.push("The page is still loading.");
  }

  /** The file input that asks for files while `work` runs. */
  async catchChooser(work: () => Promise<void>): Promise<{ node: number; session: string } | undefined> {
    await this.send("Page.setInterceptFileChooserDialog", { enabled: true });
    try {
      return await new Promise<{ node: number; session: string } | undefined>((resolve, reject) => {
        const timer = setTimeout(resolve, 3000, undefined);
        this.#chooser = (node, session) => {
          clearTimeout(timer);
          resolve(node === undefined ? undefined : { node, session });
        };
        work().catch(reject);
      });
    } finally {
      this.#chooser = undefined;
      this.connection.cdp.tell("Page.setInterceptFileChooserDialog", { enabled: false }, this.session);
    }
  }

  async #take(session: string, parentFrame?: string): Promise<void> {
    this.#sessions.set(session, { parentFrame });
    await Promise.all([
      this.send("Page.enable", {}, session),
      this.send("DOM.enable", {}, session),
      this.send("Runtime.enable", undefined, session),
      this.send("Network.enable", {}, session),
      this.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: true }, session),
      // The guard of the whole browser does not see what a page loads that was there before the line: its way out was made already.
      ...(this.connection.guard.holdsSockets ? [] : [this.send("Fetch.enable", ALL_REQUESTS, session)]),
    ]);
  }

  #listen(): void {
    const { cdp } = this.connection;
    const isOurs = (session: string | undefined): session is string => session !== undefined && this.#sessions.has(session);
    this.#stops.push(
      cdp.on("Target.attachedToTarget", ({ sessionId, targetInfo }, parent) => {
        if (!isOurs(parent)) return;
        if (targetInfo.type !== "iframe") return;
        this.#frameIds.add(targetInfo.targetId);
        this.#take(sessionId, targetInfo.parentFrameId).then(
          () =>
            this.#treeOf(sessionId).then(
              (tree) => this.#know(tree),
              () => undefined,
            ),
          () => this.#sessions.delete(sessionId),
        );
      }),
      cdp.on("Page.frameAttached", ({ frameId }, session) => {
        if (isOurs(session)) this.#frameIds.add(frameId);
      }),
      cdp.on("Page.frameDetached", ({ frameId, reason }, session) => {
        if (isOurs(session) && reason === "remove") this.#frameIds.delete(frameId);
      }),
      cdp.on("Target.detachedFromTarget", ({ sessionId }) => void this.#sessions.delete(sessionId)),
      cdp.on("Page.javascriptDialogOpening", (dialog, session) => {
        if (isOurs(session)) this.#answer(dialog, session);
      }),
      cdp.on("Page.frameStartedNavigating", ({ frameId, navigationType }, session) => {
        if (isOurs(session) && frameId === this.#mainFrame && !/sameDocument/i.test(navigationType)) this.#isLoading = true;
      }),
      cdp.on("Page.frameStartedLoading", ({ frameId }, session) => {
        if (isOurs(session) && frameId === this.#mainFrame) this.#isLoading = true;
      }),
      cdp.on("Page.frameStoppedLoading", ({ frameId }, session) => {
        if (isOurs(session) && frameId === this.#mainFrame) this.#isLoading = false;
      }),
      cdp.on("Page.loadEventFired", (_event, session) => {
        if (session === this.session) this.#isLoading = false;
      }),
      cdp.on("Page.frameNavigated", ({ frame }, session) => {
        if (!isOurs(session) || frame.id !== this.#mainFrame) return;
        this.#outermost = frame;
        if (this.tab.emulation.geo) allowPlace(this, frame.url, true).catch(() => undefined);
      }),
      cdp.on("Page.fileChooserOpened", ({ backendNodeId }, session) => {
        if (isOurs(session)) this.#chooser?.(backendNodeId, session);
      }),
      cdp.on("Runtime.consoleAPICalled", ({ type, args, timestamp }, session) => {
        if (!isOurs(session) || timestamp <= this.tab.heardAt) return;
        this.tab.heardAt = timestamp;
        keep(this.tab, "console", `${type}: ${args.map((arg) => plain(describe(arg), 200)).join(" ")}`);
      }),
      cdp.on("Runtime.exceptionThrown", ({ exceptionDetails, timestamp }, session) => {
        if (!isOurs(session) || timestamp <= this.tab.heardAt) return;
        this.tab.heardAt = timestamp;
        keep(this.tab, "errors", plain(explainException(exceptionDetails), 300));
      }),
      ...this.#listenToNetwork(isOurs),
    );
  }

  #listenToNetwork(isOurs: (session: string | undefined) => session is string): (() => void)[] {
    const { cdp, guard } = this.connection;
    const asked = new Map<string, string>();
    return [
      cdp.on("Network.requestWillBeSent", ({ requestId, request }, session) => {
        if (!isOurs(session) || !/^https?:/.test(request.url)) return;
        if (asked.size > 500) asked.clear();
        asked.set(requestId, `${request.method} ${request.url.slice(0, 300)}`);
      }),
      cdp.on("Network.responseReceived", ({ requestId, response, type }, session) => {
        const line = asked.get(requestId);
        if (isOurs(session) && line) keep(this.tab, "requests", `${response.status} ${line} (${type})`);
        asked.delete(requestId);
      }),
      cdp.on("Network.loadingFailed", ({ requestId, errorText, type }, session) => {
        const line = asked.get(requestId);
        if (isOurs(session) && line) keep(this.tab, "requests", `failed ${line} (${type}): ${errorText}`);
        asked.delete(requestId);
      }),
      cdp.on("Network.webSocketCreated", ({ url }, session) => {
        if (!isOurs(session)) return;
        keep(this.tab, "requests", `socket ${url.slice(0, 300)}`);
        guard.check(url.replace(/^ws/, "http")).catch(() => {
          // The browser offers no way to stop a socket but to leave the page.
          if (!guard.holdsSockets) this.send("Page.navigate", { url: "about:blank" }).catch(() => undefined);
          if (this.notes.length > MOST_NOTES) return;
          this.notes.push(`The page tried to open a socket to ${plain(url, 100)}, which is not allowed.`);
        });
      }),
    ];
  }

  #answer(dialog: Protocol.Page.JavascriptDialogOpeningEvent, session: string): void {
    const { type, message, defaultPrompt = "" } = dialog;
    const wanted = this.tab.dialog;
    // Leaving is what was asked for; the page may not hold us.
    const isAccepted = type === "beforeunload" || type === "alert" || wanted?.accept === true;
    const promptText = wanted?.text || defaultPrompt;
    if (type === "confirm" || type === "prompt") delete this.tab.dialog;
    this.connection.cdp.tell(
      "Page.handleJavaScriptDialog",
      { accept: isAccepted, ...(type === "prompt" ? { promptText } : {}) },
      session,
    );
    if (type === "beforeunload") return;
    const became = type === "alert" ? "" : ` It was answered with ${isAccepted ? "yes" : "no"}.`;
    this.asked = { at: Date.now(), words: `The page ${type === "alert" ? "said" : "asked"}: “${plain(message, 200)}”${became}` };
    if (this.notes.length > MOST_NOTES) return;
    const advice = isAccepted || wanted ? "" : " To accept it, call dialog with accept, then do the same again.";
    this.notes.push(
      `A dialog (${type}) said "${plain(message, 200)}"; it was ${isAccepted ? "accepted" : "dismissed"}.${advice}`,
    );
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether it is because the element or the page went away. */
export function isStale(error: unknown): boolean {
  return (
    error instanceof CdpRefused &&
    /no node|not find node|context|not belong|detached|inspected target|session with given id/i.test(error.message)
  );
}

function describe(arg: Protocol.Runtime.RemoteObject): string {
  if (arg.value !== undefined) return typeof arg.value === "string" ? arg.value : JSON.stringify(arg.value);
  return arg.description ?? arg.unserializableValue ?? arg.type;
}

function explainException({ text, exception, url, lineNumber }: Protocol.Runtime.ExceptionDetails): string {
  const said =
    (exception?.description ?? (exception?.value === undefined ? text : String(exception.value))).split("\n    at ")[0] ?? text;
  return url ? `${said} (${url}:${lineNumber + 1})` : said;
}

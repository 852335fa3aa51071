// Stands before every request of a browser: of pages, frames, workers, service workers, popups, prefetch and downloads, at each
// hop of a redirect. What the address rules refuse is not sent. Sockets are not seen here: a proxy holds them at home, and
// elsewhere pages of others get no plain ones. Also where a download is caught: as bytes, whatever disk the browser has.
import type { Protocol } from "devtools-protocol/types/protocol.d.ts";
import { ToolFailure } from "../contract/errors.ts";
import type { BrowserPolicy } from "../contract/home/browser.ts";
import { type BrowserFile, bytesOf, MOST_FILE_BYTES, tooLarge } from "./answer.ts";
import type { Cdp } from "./line.ts";
import { refusalOf } from "./rules.ts";

export interface GuardOptions {
  policy: BrowserPolicy;
  resolveHost?: ((name: string) => Promise<string[]>) | undefined;
  /** Whether all that the browser sends, sockets too, goes through a proxy that refuses by the same rules. */
  hasProxy: boolean;
}

interface Catcher {
  /** Whether a frame's download is the one that is waited for: the browser has tabs of others, too. */
  isMeant(frameId: string): boolean;
  caught(file: BrowserFile | ToolFailure): void;
}

const CHUNK = 1024 * 1024;
const MOST_NOTES = 50;
const REMEMBERED = 500;
/** Names change what they lead to, and one that could not be resolved may be there a moment later. */
const REMEMBERED_MS = 60_000;
const SHOWN_TYPES =
  /^(text\/(?!csv|calendar|vcard|x-vcard)|image\/|audio\/|video\/|multipart\/|application\/(xhtml\+xml|xml|json|javascript|pdf)\b)|[/+](xml|json)\b/i;
const NO_PLAIN_SOCKETS = "connect-src http: https: wss: data: blob:";

export class Guard {
  readonly #cdp: Cdp;
  #options: GuardOptions;
  readonly #verdicts = new Map<string, { reason: Promise<string | undefined>; at: number }>();
  readonly #asDownload = new Set<string>();
  readonly #blocked: string[] = [];
  readonly #offered: string[] = [];
  #catcher: Catcher | undefined;
  #isReceiving = false;

  constructor(cdp: Cdp, options: GuardOptions) {
    this.#cdp = cdp;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#cdp.on("Fetch.requestPaused", (event, sessionId) => {
      const work = event.responseStatusCode === undefined && !event.responseErrorReason ? this.#ask(event) : this.#look(event);
      // A request whose page is gone is gone too.
      work.then(
        (verdict) => verdict && this.#cdp.tell(verdict.method, verdict.params, sessionId),
        () => this.#cdp.tell("Fetch.failRequest", { requestId: event.requestId, errorReason: "Failed" }, sessionId),
      );
    });
    this.#cdp.on("Page.frameRequestedNavigation", ({ url, disposition }) => {
      if (disposition === "download") this.#asDownload.add(url);
    });
    this.#cdp.on("Browser.downloadWillBegin", ({ url, suggestedFilename }) => {
      if (/^(blob|data):/.test(url)) this.#offer(suggestedFilename, url);
    });
    await this.#cdp.send("Fetch.enable", {
      patterns: [
        { urlPattern: "*", requestStage: "Request" },
        { urlPattern: "*", requestStage: "Response", resourceType: "Document" },
        ...(this.#options.hasProxy ? [] : [{ urlPattern: "*", requestStage: "Response", resourceType: "Other" } as const]),
      ],
    });
    await this.#cdp.send("Browser.setDownloadBehavior", { behavior: "deny", eventsEnabled: true });
  }

  /** Rules may change between two calls. */
  obey(options: GuardOptions): void {
    if (JSON.stringify(options.policy) !== JSON.stringify(this.#options.policy)) this.#verdicts.clear();
    this.#options = options;
  }

  /** @throws ToolFailure when it may not be opened. */
  async check(url: string): Promise<URL> {
    const reason = await this.#verdictOn(url);
    if (reason !== undefined) throw new ToolFailure(`Not opened: ${reason}`);
    return new URL(url);
  }

  /** What was refused and what was offered for download since the last look, for people and the model. */
  takeNotes(): string[] {
    const blocked = this.#blocked.splice(0);
    const hosts = [...new Set(blocked)];
    const offered = this.#offered.splice(0);
    return [
      ...(hosts.length > 0
        ? [`Blocked ${blocked.length} request${blocked.length === 1 ? "" : "s"}: ${hosts.slice(0, 5).join("; ")}`]
        : []),
      ...offered
        .slice(0, 3)
        .map((name) => `The page began a download (${name}), which was not kept; fetch it with action download.`),
    ];
  }

  /** Whether a page asked for something there lately. */
  hasSeen(url: URL): boolean {
    return this.#verdicts.has(placeOf(url));
  }

  /** Whether a download that was caught is on its way. */
  get isReceiving(): boolean {
    return this.#isReceiving;
  }

  /** Waits for the next download that is meant and keeps it. The function that is answered ends the waiting. */
  catchNext(catcher: Catcher): () => void {
    this.#catcher = catcher;
    return () => {
      if (this.#catcher === catcher) this.#catcher = undefined;
    };
  }

  get holdsSockets(): boolean {
    return this.#options.hasProxy;
  }

  async #ask({ requestId, request }: Protocol.Fetch.RequestPausedEvent) {
    const reason = /^(data|blob|about):/i.test(request.url) ? undefined : await this.#verdictOn(request.url);
    if (reason === undefined) return { method: "Fetch.continueRequest", params: { requestId } } as const;
    this.note(reason);
    return { method: "Fetch.failRequest", params: { requestId, errorReason: "BlockedByClient" } } as const;
  }

  /** What was refused, here or by the proxy; told with the next answer. */
  note(reason: string): void {
    if (this.#blocked.length < MOST_NOTES) this.#blocked.push(reason);
  }

  async #look(event: Protocol.Fetch.RequestPausedEvent) {
    const { requestId, request, responseHeaders = [], responseStatusCode: status = 0 } = event;
    const header = (name: string) => responseHeaders.find((row) => row.name.toLowerCase() === name)?.value ?? "";
    const goOn = { method: "Fetch.continueRequest", params: { requestId } } as const;
    if (event.responseErrorReason || (status >= 300 && status < 400)) return goOn;
    if (event.resourceType === "Document" && this.#isDownload(request.url, header)) {
      const name = nameOf(header("content-disposition"), request.url);
      if (this.#catcher?.isMeant(event.frameId))
        await this.#catch(this.#catcher, requestId, name, header("content-type"), Number(header("content-length")));
      else this.#offer(name);
      return { method: "Fetch.failRequest", params: { requestId, errorReason: "Aborted" } } as const;
    }
    if (this.#options.hasProxy || this.#isOwn(request.url)) return goOn;
    return {
      method: "Fetch.continueResponse",
      params: {
        requestId,
        responseCode: status,
        responseHeaders: [...responseHeaders, { name: "content-security-policy", value: NO_PLAIN_SOCKETS }],
      },
    } as const;
  }

  #isDownload(url: string, header: (name: string) => string): boolean {
    if (this.#asDownload.delete(url)) return true;
    if (/^\s*attachment/i.test(header("content-disposition"))) return true;
    const type = header("content-type");
    return type !== "" && !SHOWN_TYPES.test(type);
  }

  async #catch({ caught }: Catcher, requestId: string, name: string, type: string, length: number): Promise<void> {
    this.#catcher = undefined;
    this.#isReceiving = true;
    try {
      if (length > MOST_FILE_BYTES) throw tooLarge(name);
      const { stream } = await this.#cdp.send("Fetch.takeResponseBodyAsStream", { requestId });
      caught({
        name,
        type: type.split(";")[0]?.trim() || "application/octet-stream",
        bytes: await this.#readStream(stream, name),
      });
    } catch (error) {
      caught(error instanceof ToolFailure ? error : new ToolFailure(`${name} broke off on its way; try again.`));
    } finally {
      this.#isReceiving = false;
    }
  }

  async #readStream(handle: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const { data, base64Encoded, eof } = await this.#cdp.send("IO.read", { handle, size: CHUNK });
      const part = base64Encoded ? bytesOf(data) : new TextEncoder().encode(data);
      parts.push(part);
      size += part.length;
      if (size > MOST_FILE_BYTES) {
        this.#cdp.tell("IO.close", { handle });
        throw tooLarge(name);
      }
      if (eof) break;
    }
    this.#cdp.tell("IO.close", { handle });
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #offer(name: string, url?: string): void {
    if (url === undefined || !this.#catcher) {
      if (this.#offered.length < MOST_NOTES) this.#offered.push(name.slice(0, 120));
    }
  }

  #isOwn(url: string): boolean {
    const { host, hostname } = new URL(url);
    return this.#options.policy.allowedHosts.some((allowed) => allowed === host || allowed === hostname);
  }

  /** Why it may not be reached, as a sentence. */
  #verdictOn(written: string): Promise<string | undefined> {
    let url: URL;
    try {
      url = new URL(written);
    } catch {
      return Promise.resolve(`${written.slice(0, 100)} is not a web address; write it in full, like https://example.com/page.`);
    }
    const ask = () => refusalOf(url, this.#options.policy, this.#options.resolveHost);
    if (url.username !== "") return ask();
    const key = placeOf(url);
    const known = this.#verdicts.get(key);
    if (known && Date.now() - known.at < REMEMBERED_MS) return known.reason;
    if (this.#verdicts.size >= REMEMBERED) this.#verdicts.clear();
    const reason = ask();
    this.#verdicts.set(key, { reason, at: Date.now() });
    return reason;
  }
}

function placeOf({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

function nameOf(disposition: string, url: string): string {
  const encoded = /filename\*\s*=\s*[\w-]*'[^']*'([^;]+)/i.exec(disposition)?.[1];
  const given = encoded ? decode(encoded) : /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(disposition)?.slice(1).find(Boolean);
  const name = given ?? decode(new URL(url).pathname.split("/").pop() ?? "");
  return name.replace(/^.*[\\/]/, "").slice(0, 120) || "download";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Linking an account of Signal: one code at a time is shown, until it is scanned or has run out. The number that was linked must be ours.
import { HomeRefused } from "../../../contract/errors.ts";
import type { LineNews } from "../driver.ts";
import type { Answer, SignalApi } from "./api.ts";

/** As long as Signal's app takes a code. */
const CODE_MS = 90_000;

export interface LinkingRequest {
  number: string;
  tell(news: LineNews): void;
  now(): number;
  onLinked(): void;
}

export class Linking {
  readonly #request: LinkingRequest;
  #shown: { ending: AbortController; news: LineNews; until: number } | undefined;

  constructor(request: LinkingRequest) {
    this.#request = request;
  }

  get isShown(): boolean {
    return this.#shown !== undefined;
  }

  /** @throws HomeRefused */
  async begin(api: SignalApi, isAnew: boolean): Promise<void> {
    const { tell, now } = this.#request;
    if (this.#shown && !isAnew && this.#shown.until > now()) return tell(this.#shown.news);
    this.close();
    const ending = new AbortController();
    const begun = await api.beginLink(ending.signal);
    if (!begun.ok) throw new HomeRefused("UNAVAILABLE", begun.failure.reason);
    const { uri, finished } = begun.value;
    const until = now() + CODE_MS;
    const said = "Scan it in Signal on the phone: Settings, Linked devices, +.";
    const news: LineNews = { phase: "linking", said, link: { kind: "qr", text: uri, until } };
    const shown = { ending, news, until };
    this.#shown = shown;
    tell(news);
    const timer = setTimeout(() => ending.abort(), CODE_MS);
    void finished.then((answer) => {
      clearTimeout(timer);
      if (this.#shown !== shown) return;
      this.#shown = undefined;
      const linked = answer.ok ? (answer.value ?? this.#request.number) : undefined;
      if (linked === this.#request.number) this.#request.onLinked();
      else if (linked !== undefined) {
        const mismatch = `${linked} was linked, but this line is for ${this.#request.number}: correct SIGNAL_NUMBER, or scan with that phone.`;
        tell({ phase: "unlinked", said: mismatch });
      } else tell({ phase: "unlinked", said: whyNotLinked(answer, ending.signal.aborted) });
    });
  }

  close(): void {
    this.#shown?.ending.abort();
    this.#shown = undefined;
  }
}

function whyNotLinked(answer: Answer<unknown>, isLate: boolean): string {
  const why = isLate || answer.ok || /timed out/i.test(answer.failure.reason) ? undefined : answer.failure.reason;
  return why === undefined ? "The code was not scanned in time; ask for a new one." : `${why} Ask for a new code.`;
}

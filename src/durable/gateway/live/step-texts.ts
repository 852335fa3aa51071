// The text of each run's current step, for clients that want the whole text with every delta. Lives in memory
// only: after a sleep in mid-answer the first delta shows by its offset that something is missing, and the caller
// mends it from the session.
interface StepText {
  step: number;
  /** Undefined while the beginning is not known. */
  text: string | undefined;
  length: number;
}

const MAX_RUNS = 500;

export class StepTexts {
  readonly #runs = new Map<string, StepText>();

  /** Takes a delta in. Answers the whole text, or undefined when its beginning is not known. */
  append(runId: string, step: number, offset: number, delta: string): string | undefined {
    const known = this.#runs.get(runId);
    const before = known?.step === step && known.length === offset ? known.text : undefined;
    const text = offset === 0 ? delta : before === undefined ? undefined : before + delta;
    this.#runs.delete(runId);
    this.#runs.set(runId, { step, text, length: offset + delta.length });
    if (this.#runs.size > MAX_RUNS) this.#runs.delete(this.#runs.keys().next().value ?? "");
    return text;
  }

  /** The first `length` characters of the step's text, when they are known. */
  upTo(runId: string, step: number, length: number): string | undefined {
    const known = this.#runs.get(runId);
    return known?.step === step ? known.text?.slice(0, length) : undefined;
  }

  /** Puts in the text that the session knows, if it fits what was heard since. */
  mend(runId: string, step: number, text: string): boolean {
    const known = this.#runs.get(runId);
    if (known?.step !== step || known.text !== undefined || text.length < known.length) return false;
    known.text = text.slice(0, known.length);
    return true;
  }

  forget(runId: string): void {
    this.#runs.delete(runId);
  }
}

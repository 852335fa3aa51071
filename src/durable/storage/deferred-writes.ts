// Writes that nobody waits for, or that may wait for others to come: kept for a moment and then written together. Whoever
// reads meanwhile calls `flush` first.

interface Pending {
  write(): void;
  resolve?(): void;
  reject?(error: unknown): void;
}

export class DeferredWrites {
  readonly #transact: (work: () => void) => void;
  #pending: Pending[] = [];

  constructor(transact: (work: () => void) => void) {
    this.#transact = transact;
  }

  later(write: () => void, pauseMs: number, done?: { resolve(): void; reject(error: unknown): void }): void {
    this.#pending.push({ write, ...done });
    setTimeout(() => this.flush(), pauseMs);
  }

  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    try {
      this.#transact(() => {
        for (const { write } of pending) write();
      });
      for (const { resolve } of pending) resolve?.();
    } catch (error) {
      console.error("what was kept for later was not written", error);
      for (const { reject } of pending) reject?.(error);
    }
  }
}

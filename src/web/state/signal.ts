// Tells listeners that something changed; they read what they need. `Watch` ties a component to a signal.
import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Signal {
  readonly #listeners = new Set<() => void>();

  /** Answers how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  protected tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Renders its component anew whenever the signal it picks speaks. The pick may change from render to render. */
export class Watch implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #pick: () => Signal | undefined;
  #watched: Signal | undefined;
  #leave: (() => void) | undefined;

  constructor(host: ReactiveControllerHost, pick: () => Signal | undefined) {
    this.#host = host;
    this.#pick = pick;
    host.addController(this);
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const signal = this.#pick();
    if (signal === this.#watched) return;
    this.#leave?.();
    this.#watched = signal;
    this.#leave = signal?.listen(() => this.#host.requestUpdate());
  }

  hostDisconnected(): void {
    this.#leave?.();
    this.#watched = undefined;
    this.#leave = undefined;
  }
}

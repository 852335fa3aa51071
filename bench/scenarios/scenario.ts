// What every group of measurements has in hand, and what it gives back.
import type { FigureId } from "../figures.ts";
import type { BenchModel } from "../model.ts";
import type { Started, Subject } from "../subjects/subject.ts";
import type { Reading, Section } from "../table.ts";

export interface Scene {
  subject: Subject;
  model: BenchModel;
  /** A tenth of everything, to see that it works. */
  isQuick: boolean;
  /** Longest time for the samples of one figure, ms. */
  limitMs: number;
  /** A folder that goes by itself. */
  makeFolder(): string;
  /** A key that no session has yet. */
  newSession(): string;
  tell(text: string): void;
  /** A table that is shown as it is, under a heading of its own. */
  show(section: Section): void;
}

export interface Scenario {
  /** For `--only`. */
  name: string;
  figures: readonly FigureId[];
  /** Whether another system can be measured by it too. */
  isShared: boolean;
  run(scene: Scene): Promise<Reading[]>;
}

/** Runs something against a fresh subject and stops it, whatever happens. */
export async function withStarted<T>(
  scene: Scene,
  work: (started: Started) => Promise<T>,
  variables?: Record<string, string>,
): Promise<T> {
  const started = await scene.subject.start(scene.makeFolder(), variables);
  try {
    return await work(started);
  } finally {
    await started.stop();
  }
}

/** How often to do something. */
export function count(scene: Scene, whole: number): number {
  return scene.isQuick ? Math.max(3, Math.round(whole / 10)) : whole;
}

/** Does something `times` times, one after the other, but not longer than `limitMs`. */
export async function repeat<T>(times: number, limitMs: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const until = performance.now() + limitMs;
  const done: T[] = [];
  while (done.length < times && (done.length === 0 || performance.now() < until)) done.push(await work(done.length));
  return done;
}

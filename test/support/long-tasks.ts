// What the main thread of a page does in one piece, from a trace of the browser. Processor time, not the clock: what else the
// machine does meanwhile, and painting without a graphics card, is not the page's doing.
import type { Browser, Page } from "playwright-core";

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** Processor time, in microseconds. */
  tdur?: number;
  args?: { name?: string; data?: { url?: string } };
}

/** Work of the page itself inside a task: its scripts, its styles, its layout. */
const OWN = new Set([
  "FunctionCall",
  "EvaluateScript",
  "UpdateLayoutTree",
  "Layout",
  "RunMicrotasks",
  "ParseHTML",
  "MinorGC",
  "MajorGC",
]);

/** Traces while something goes on; `work`: the own work of each task in ms, longest first. */
export async function traceWork<T>(browser: Browser, page: Page, act: () => Promise<T>): Promise<{ told: T; work: number[] }> {
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "v8", "__metadata"] });
  const told = await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString("utf8")) as { traceEvents: TraceEvent[] };
  const mains = new Set(
    traceEvents
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid}:${tid}`),
  );
  const isMain = ({ pid, tid }: TraceEvent) => mains.has(`${pid}:${tid}`);
  const complete = traceEvents.filter((event) => event.ph === "X" && isMain(event)).toSorted((a, b) => a.ts - b.ts);
  const sums: number[] = [];
  let taskEnd = -1;
  let partEnd = -1;
  for (const event of complete) {
    const end = event.ts + (event.dur ?? 0);
    if (event.ts >= taskEnd) {
      sums.push(0);
      taskEnd = end;
      partEnd = -1;
    }
    // A part inside a part is counted with it.
    if (!OWN.has(event.name) || event.ts < partEnd) continue;
    partEnd = end;
    sums.push((sums.pop() ?? 0) + (event.tdur ?? event.dur ?? 0) / 1000);
  }
  return { told, work: sums.toSorted((a, b) => b - a) };
}

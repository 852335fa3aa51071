// What the scripted model does with one request. A script comes from a handler, from the queue, from a directive in the
// last user message (`@@{"say":12,"tool":"read"}@@`), or is the default.

/**
 * `silence` sends nothing (after `at` words, when given); `drop` cuts the connection; `end` ends without the end mark;
 * `garbled` breaks the stream's JSON; `empty` answers with nothing; `overflow` says the context is too long until the
 * request is smaller; `refusal` declines; `error-event` fails inside the stream; a number is an HTTP status.
 */
export type Fault = "silence" | "drop" | "end" | "garbled" | "empty" | "overflow" | "refusal" | "error-event" | number;

export interface Script {
  /** How many words (w0 w1 …), or the very text. Default 12. */
  say?: number | string;
  /** Words per second; 0: at once. */
  rate?: number;
  /** Words carry the time they were written (`t1730000000000.123`). */
  stamp?: boolean;
  /** Called before the answer. */
  tool?: string;
  args?: Record<string, unknown>;
  /** How many calls, one after another or side by side. Default 1. */
  calls?: number;
  parallel?: boolean;
  /** Said before the calls. */
  before?: string;
  think?: string;
  /** ms before the first byte. */
  delayMs?: number;
  /** As text, "429" works like 429. */
  fault?: Fault | `${number}`;
  /** How often the fault happens, per `id`. Default 1; always for 400 to 404, refusal and overflow. */
  times?: number;
  /** Words before the fault. Default 3 where a stream breaks, else 0. */
  at?: number;
  /** Header of that name: seconds, or an HTTP date. */
  retryAfter?: number | string;
  /** Words of the error. */
  message?: string;
  /** Longest request in characters before `overflow` stops; default: anything shorter than the first one. */
  maxChars?: number;
  /** Bytes a chunk: cuts characters in two. */
  split?: number;
  /** Tells scripts of the same words apart. */
  id?: string;
  usage?: { input?: number; output?: number; cacheRead?: number; cacheWrite?: number };
  /** "length": the answer is cut by its cap. */
  stop?: "length";
}

export const DEFAULT_SCRIPT: Script = { say: 12 };

const DIRECTIVE = /@@(\{[\s\S]*?\})@@/g;

/** The last directive in a text. */
export function readDirective(text: string): Script | undefined {
  const found = [...text.matchAll(DIRECTIVE)].at(-1)?.[1];
  if (!found) return undefined;
  try {
    return JSON.parse(found) as Script;
  } catch {
    return { say: `The directive is no JSON: ${found}` };
  }
}

export function directive(script: Script): string {
  return `@@${JSON.stringify(script)}@@`;
}

export function wordsOf(script: Script): string[] {
  const { say = 12 } = script;
  if (typeof say === "string") return say.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
  return Array.from({ length: say }, (_unused, index) => `${index === 0 ? "" : " "}w${index}`);
}

/** Calls of the coming step: all at once, or the next one; none when it is time to answer. */
export function callsOf(script: Script, round: number): { name: string; args: Record<string, unknown> }[] {
  const { tool: name, args = {}, calls = 1, parallel = false } = script;
  if (!name) return [];
  if (parallel) return round === 0 ? Array.from({ length: calls }, () => ({ name, args })) : [];
  return round < calls ? [{ name, args }] : [];
}

const LASTING = new Set<Fault>([400, 401, 402, 403, 404, "refusal", "overflow"]);

/** Counts how often each fault has happened, so that it stops in time. */
export class FaultBook {
  private readonly seen = new Map<string, number>();
  private readonly firstSize = new Map<string, number>();

  /** The fault that strikes now, if any. */
  strike(script: Script, chars: number): Fault | undefined {
    if (script.fault === undefined) return undefined;
    const fault = Number.isNaN(Number(script.fault)) ? (script.fault as Fault) : Number(script.fault);
    const key = script.id ?? JSON.stringify(script);
    if (fault === "overflow") return this.isStillTooLong(script, key, chars) ? fault : undefined;
    const count = this.seen.get(key) ?? 0;
    if (count >= (script.times ?? (LASTING.has(fault) ? Number.POSITIVE_INFINITY : 1))) return undefined;
    this.seen.set(key, count + 1);
    return fault;
  }

  clear(): void {
    this.seen.clear();
    this.firstSize.clear();
  }

  private isStillTooLong(script: Script, key: string, chars: number): boolean {
    if (script.maxChars !== undefined) return chars > script.maxChars;
    const first = this.firstSize.get(key);
    if (first === undefined) this.firstSize.set(key, chars);
    return first === undefined || chars >= first;
  }
}

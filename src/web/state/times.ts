// Times as people say them, in their own zone. To ask the browser how a time is written in its language takes longer than
// the rest of the page's start: the answer is kept, and words in English need no asking.
import { keep, recall } from "./shelf.ts";

const DAY_MS = 86_400_000;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "January February March April May June July August September October November December".split(" ");
/** Written once by the browser to learn its way: 5:07 and 17:07. */
const EARLY = new Date(2024, 0, 5, 5, 7);
const LATE = new Date(2024, 0, 5, 17, 7);

let format: Intl.DateTimeFormat | undefined;
let write: ((at: Date) => string) | undefined;

function askBrowser(at: Date): string {
  format ??= new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  return format.format(at);
}

/** How the browser writes 5:07 and 17:07 in its language; asked once and kept. */
function recallSamples(): readonly [string, string] {
  const name = `clock.${navigator.language}`;
  const [early, late] = recall(name)?.split("|") ?? [];
  if (early !== undefined && late !== undefined) return [early, late];
  const samples = [askBrowser(EARLY), askBrowser(LATE)] as const;
  keep(name, samples.join("|"));
  return samples;
}

/** Two plain ways of writing, told by what the browser makes of samples; where it has a third, it is asked each time. */
export function learnClock(early: string, late: string, other: (at: Date) => string): (at: Date) => string {
  if (early === "05:07" && late === "17:07") return (at) => `${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}`;
  if (!early.startsWith("05:07") || !late.startsWith("05:07") || early === late) return other;
  const [morning, afternoon] = [early.slice(5), late.slice(5)];
  return (at) => {
    const hours = at.getHours();
    return `${twoDigits(hours % 12 || 12)}:${twoDigits(at.getMinutes())}${hours < 12 ? morning : afternoon}`;
  };
}

function twoDigits(count: number): string {
  return String(count).padStart(2, "0");
}

function startOfDay(now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
}

/** Headings of a list: Today, Yesterday, this week, then months. */
export function dayOf(at: number, now: Date): string {
  const today = startOfDay(now);
  if (at >= today) return "Today";
  if (at >= today - DAY_MS) return "Yesterday";
  if (at >= today - 6 * DAY_MS) return "Earlier this week";
  const date = new Date(at);
  return `${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
}

export function timeOf(at: number, now: Date): string {
  const today = startOfDay(now);
  if (at >= today - DAY_MS) return clockOf(at);
  const date = new Date(at);
  if (at >= today - 6 * DAY_MS) return WEEKDAYS[date.getDay()] ?? "";
  return `${MONTHS[date.getMonth()]?.slice(0, 3)} ${date.getDate()}`;
}

export function clockOf(at: number): string {
  write ??= learnClock(...recallSamples(), askBrowser);
  return write(new Date(at));
}

export function describeDuration(ms: number): string {
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 950) return `${Math.round(ms / 10) * 10} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

// Times as people say them, in their own zone.
const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en", { weekday: "long" });
const date = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const dateAndYear = new Intl.DateTimeFormat("en", { month: "long", year: "numeric" });

function startOfDay(now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
}

/** Headings of a list: Today, Yesterday, this week, then months. */
export function dayOf(at: number, now: Date): string {
  const today = startOfDay(now);
  if (at >= today) return "Today";
  if (at >= today - DAY_MS) return "Yesterday";
  if (at >= today - 6 * DAY_MS) return "Earlier this week";
  return dateAndYear.format(at);
}

export function timeOf(at: number, now: Date): string {
  const today = startOfDay(now);
  if (at >= today - DAY_MS) return clock.format(at);
  return at >= today - 6 * DAY_MS ? weekday.format(at).slice(0, 3) : date.format(at);
}

export function clockOf(at: number): string {
  return clock.format(at);
}

export function describeDuration(ms: number): string {
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 950) return `${Math.round(ms / 10) * 10} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

// Times as people say them, in their own zone.
const DAY_MS = 86_400_000;
/** Made when first needed: making one takes longer than the rest of the page's start. */
const clock = keepFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = keepFormat("en", { weekday: "short" });
const date = keepFormat("en", { day: "numeric", month: "short" });
const dateAndYear = keepFormat("en", { month: "long", year: "numeric" });

function keepFormat(locale: string | undefined, options: Intl.DateTimeFormatOptions): (at: number) => string {
  let format: Intl.DateTimeFormat | undefined;
  return (at) => {
    format ??= new Intl.DateTimeFormat(locale, options);
    return format.format(at);
  };
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
  return dateAndYear(at);
}

export function timeOf(at: number, now: Date): string {
  const today = startOfDay(now);
  if (at >= today - DAY_MS) return clock(at);
  return at >= today - 6 * DAY_MS ? weekday(at) : date(at);
}

export function clockOf(at: number): string {
  return clock(at);
}

export function describeDuration(ms: number): string {
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 950) return `${Math.round(ms / 10) * 10} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

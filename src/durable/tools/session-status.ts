// session_status: the facts of this talk, and what time it is where the owner lives.
import * as z from "zod";
import type { Tool } from "./port.ts";

const input = z.object({});

export const sessionStatus: Tool<typeof input> = {
  name: "session_status",
  label: "Session status",
  group: "sessions",
  description: "Date, time, model, tokens and cost of this session.",
  input,
  isRepeatable: true,
  isParallel: true,
  title: () => "Session status",
  async run(_input, context) {
    const facts = { ...describeTime(context.now(), context.timeZone), ...(await context.status()) };
    const lines = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
    return { text: lines.join("\n"), details: facts };
  },
};

function describeTime(now: number, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone });
  return { now: format.format(now), timeZone, utc: new Date(now).toISOString() };
}

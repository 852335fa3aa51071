// What comes back from a home, in the words of a tool: a value, a wait, or a failure that the model reads.
import type { z } from "zod";
import { ToolFailure } from "../../../contract/errors.ts";
import { HOME_COMMANDS, type HomeCommandName, type HomeParams, type HomeResult } from "../../../contract/home/commands.ts";
import type { HomeAnswer } from "../../../contract/home/port.ts";
import type { HomeDesk, ToolContext } from "../port.ts";

export type Asked<C extends HomeCommandName> =
  | { outcome: "answered"; home: string; value: HomeResult<C> }
  | { outcome: "pending"; home: string }
  /** It was begun, and nobody knows what became of it. */
  | { outcome: "interrupted"; reason: string };

/** Longer than this nobody waits in memory; what takes longer comes by an event. */
const WAIT_MS = 18_000;

export async function ask<C extends HomeCommandName>(
  context: ToolContext,
  part: string,
  command: C,
  params: HomeParams<C>,
  options: { home?: string | undefined; timeoutMs: number; waitMs?: number },
): Promise<Asked<C>> {
  const desk = mustReach(context);
  const { home, timeoutMs, waitMs = Math.min(WAIT_MS, timeoutMs) } = options;
  const wanted = { command, params, timeoutMs, waitMs, ...(home === undefined ? {} : { home }) };
  return read(command, await desk.call(part, wanted));
}

/** An answer that came later. @throws ToolFailure when the home said no. */
export function read<C extends HomeCommandName>(command: C, answer: HomeAnswer): Asked<C> {
  switch (answer.outcome) {
    case "answered": {
      const schema: z.ZodType = HOME_COMMANDS[command].answer;
      const value = schema.safeParse(answer.payload);
      if (!value.success) throw new ToolFailure(`${answer.home} answered ${command} with something that cannot be read.`);
      // The schema of this very command read it; the compiler cannot follow that through the table.
      return { outcome: "answered", home: answer.home, value: value.data as HomeResult<C> };
    }
    case "refused":
      throw new ToolFailure(answer.message);
    case "unreachable":
      throw new ToolFailure(answer.reason);
    case "interrupted":
      return { outcome: "interrupted", reason: answer.reason };
    case "pending":
      return { outcome: "pending", home: answer.home };
    default:
      return answer satisfies never;
  }
}

/** For what is over in a moment: waiting longer is a failure. */
export async function askAtOnce<C extends HomeCommandName>(
  context: ToolContext,
  part: string,
  command: C,
  params: HomeParams<C>,
  home?: string,
): Promise<{ home: string; value: HomeResult<C> }> {
  const asked = await ask(context, part, command, params, { home, timeoutMs: WAIT_MS });
  if (asked.outcome === "answered") return asked;
  if (asked.outcome === "interrupted") throw new ToolFailure(asked.reason);
  await mustReach(context).cancel(part);
  const isLook = command === "process.list" || command === "process.poll" || command === "process.log";
  throw new ToolFailure(
    isLook
      ? `${asked.home} did not answer in time; try again.`
      : `${asked.home} did not answer in time, and whether it was done is not known: look at it before you repeat it.`,
  );
}

function mustReach({ home }: ToolContext): HomeDesk {
  if (!home) throw new ToolFailure("No machine of the owner can be reached from here.");
  return home;
}

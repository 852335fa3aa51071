// Where a file lies, as models write it: a workspace path, or one that begins with `sandbox:` or `home:`. What may be reached
// there is decided as it is for commands.
import { ToolFailure } from "../../../contract/errors.ts";
import type { Place } from "../../../contract/home/commands.ts";
import type { ToolContext } from "../port.ts";
import { chooseWhere } from "./where.ts";

export type Spot = { host: "workspace"; path: string } | { host: "sandbox" | "home"; path: string };
export type FarSpot = { host: "sandbox" | "home"; path: string; place: Place; home?: string };

const FAR = /^(sandbox|home):(.*)$/s;

export function readSpot(written: string): Spot {
  const [, host, path = ""] = FAR.exec(written.trim()) ?? [];
  if (host !== "sandbox" && host !== "home") return { host: "workspace", path: written };
  if (path.trim() === "") {
    const example = host === "home" ? "home:~/Documents/a.pdf" : "sandbox:/workspace/a.pdf";
    throw new ToolFailure(`${written} names no file; write it like ${example}.`);
  }
  return { host, path: path.trim() };
}

/** @throws ToolFailure when this session may not reach it. */
export async function reachSpot(
  { host, path }: Exclude<Spot, { host: "workspace" }>,
  machine: string | undefined,
  context: ToolContext,
): Promise<FarSpot> {
  const where = await chooseWhere({ host, machine }, context);
  if (where.host === "edge") throw new ToolFailure("No machine of the owner can be reached from here.");
  return { path, ...where };
}

export function writeSpot({ host, path }: Pick<FarSpot, "host" | "path">): string {
  return `${host}:${path}`;
}

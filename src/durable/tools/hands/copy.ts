// copy: a file from one place to another, or to the person. Between the workspace, a sandbox and a machine the bytes go by the
// object store, never through the line.
import * as z from "zod";
import { ToolFailure } from "../../../contract/errors.ts";
import type { MediaRef } from "../../../contract/message.ts";
import type { Tool, ToolContext, ToolResult, ToolWait, WaitEnd } from "../port.ts";
import { sniffType } from "../read.ts";
import { describeSize, expectValue, toFilePath } from "../workspace-path.ts";
import { type FarSpot, reachSpot, readSpot, type Spot, writeSpot } from "./spot.ts";
import { cancelSteps, runSteps, type Steps } from "./steps.ts";

const input = z.object({
  from: z.string().min(1).max(4096).describe("sandbox:… and home:… are files there, the rest is the workspace"),
  to: z.string().min(1).max(4096).optional().describe("Default: the person, in this talk"),
  overwrite: z.boolean().optional().describe("Of a workspace file"),
  machine: z.string().max(200).optional(),
});
type Input = z.infer<typeof input>;

export const copy: Tool<typeof input, ToolResult | ToolWait> = {
  name: "copy",
  label: "Copy a file",
  group: "fs",
  needs: "home",
  description: "Copy a file between the workspace, the sandbox and a machine of the owner, or give it to the person.",
  input,
  isRepeatable: true,
  isParallel: false,
  title: ({ from, to }) => (to === undefined ? `Give ${from}` : `Copy ${from} to ${to}`),
  run: (given, context) => run(given, context),
  resume: (given, end, context) => run(given, context, end),
  cancel: cancelSteps,
};

type End = { host: "workspace"; path: string } | FarSpot;

async function run(given: Input, context: ToolContext, end?: WaitEnd): Promise<ToolResult | ToolWait> {
  const from = await reach(readSpot(given.from), given.machine, context);
  const to = given.to === undefined ? undefined : await reach(into(readSpot(given.to), from.path), given.machine, context);
  if (from.host === "workspace" && to?.host === "workspace") {
    throw new ToolFailure("Both are workspace files: read it and write it there, or use exec with cp.");
  }
  return runSteps(context, end, async (steps) => {
    const { media, bytes } = await load(from, steps, context);
    const size = describeSize(media?.size ?? 0);
    if (!to) {
      if (!media) throw new ToolFailure(`${given.from} is empty; there is nothing to give.`);
      return { text: `Given to the person: ${media.name ?? given.from} (${size}).`, media: [media], isForPerson: true };
    }
    await put(to, { media, bytes }, { steps, context, isReplacing: given.overwrite === true });
    return { text: `Copied ${name(from)} to ${name(to)} (${size}).`, details: { from: name(from), to: name(to) } };
  });
}

/** A target that is a folder takes the file by its own name. */
function into(spot: Spot, source: string): Spot {
  if (!spot.path.endsWith("/")) return spot;
  return { ...spot, path: `${spot.path}${source.split("/").at(-1) ?? ""}` };
}

async function reach(spot: Spot, machine: string | undefined, context: ToolContext): Promise<End> {
  return spot.host === "workspace" ? { host: spot.host, path: toFilePath(spot.path) } : reachSpot(spot, machine, context);
}

function name(end: End): string {
  return end.host === "workspace" ? end.path : writeSpot(end);
}

/** The file in the object store; an empty one has no place there. */
async function load(from: End, steps: Steps, context: ToolContext): Promise<{ media?: MediaRef; bytes?: Uint8Array }> {
  if (from.host !== "workspace") {
    const media = await steps.take("give", from, "files.give", {});
    return media.size === 0 ? { bytes: new Uint8Array() } : { media };
  }
  const { bytes } = expectValue(await context.workspace.read(from.path));
  if (bytes.length === 0) return { bytes };
  if (!context.storeMedia) throw new ToolFailure("Files cannot be passed on here.");
  const type = sniffType(bytes) ?? "text/plain";
  return { media: await context.storeMedia(bytes, type, from.path.split("/").at(-1) ?? from.path), bytes };
}

async function put(
  to: End,
  { media, bytes }: { media?: MediaRef | undefined; bytes?: Uint8Array | undefined },
  { steps, context, isReplacing }: { steps: Steps; context: ToolContext; isReplacing: boolean },
): Promise<void> {
  if (to.host !== "workspace") {
    if (media) await steps.take("take", to, "files.take", { key: media.key });
    else await steps.take("write", to, "files.write", { base64: Buffer.from(bytes ?? []).toString("base64") });
    return;
  }
  if (!media) {
    const old = await context.workspace.read(to.path);
    if (old.ok && !isReplacing) throw new ToolFailure(`${to.path} is there already: give another name, or overwrite: true.`);
    expectValue(await context.workspace.write(to.path, bytes ?? new Uint8Array()));
    return;
  }
  if (!context.workspace.take) throw new ToolFailure("Files cannot be laid into the workspace here.");
  const { isTaken } = expectValue(await context.workspace.take({ path: to.path, key: media.key, size: media.size }, isReplacing));
  if (!isTaken) throw new ToolFailure(`${to.path} is there already: give another name, or overwrite: true.`);
}

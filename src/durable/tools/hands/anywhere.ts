// read, write and edit where a machine is paired: of the workspace as ever, and of files in the sandbox or on the machine.
import * as z from "zod";
import { ToolFailure } from "../../../contract/errors.ts";
import { edit, editBytes, editInput } from "../edit.ts";
import type { Tool, ToolContext, ToolResult, ToolWait, WaitEnd } from "../port.ts";
import { read, readInput, showFile } from "../read.ts";
import { describeSize } from "../workspace-path.ts";
import { write, writeInput } from "../write.ts";
import { type FarSpot, reachSpot, readSpot, writeSpot } from "./spot.ts";
import { cancelSteps, runSteps, type Steps } from "./steps.ts";

/** More than this is passed on as a file, not shown. */
const MAX_BYTES = 1_000_000;

const machine = { machine: z.string().max(200).optional() };
const WHERE = "sandbox:… and home:… are files there, the rest is the workspace";

type Work<Input> = (input: Input, spot: FarSpot, steps: Steps, context: ToolContext) => Promise<ToolResult>;
type Given = { path: string; machine?: string | undefined };

/** Near it is done at once; far it may sleep. */
async function go<Input extends Given>(
  given: Input,
  context: ToolContext,
  near: () => Promise<ToolResult>,
  far: Work<Input>,
  end?: WaitEnd,
): Promise<ToolResult | ToolWait> {
  const spot = readSpot(given.path);
  if (spot.host === "workspace") return near();
  const reached = await reachSpot(spot, given.machine, context);
  return runSteps(context, end, (steps) => far(given, reached, steps, context));
}

const isFar = ({ path }: Given) => /^(sandbox|home):/.test(path);

const farRead: Work<z.infer<typeof readAnywhereInput>> = async (given, spot, steps, context) => {
  const { bytes } = await load(spot, steps, {});
  return showFile({ path: writeSpot(spot), bytes }, given, context);
};

const readAnywhereInput = z.object({ ...readInput.shape, path: z.string().min(1).describe(WHERE), ...machine });
export const readAnywhere: Tool<typeof readAnywhereInput, ToolResult | ToolWait> = {
  ...read,
  withoutHome: read,
  description: "Read a file, page by page.",
  input: readAnywhereInput,
  run: (given, context) => go(given, context, () => read.run(given, context), farRead),
  resume: (given, end, context) => go(given, context, () => read.run(given, context), farRead, end),
  cancel: cancelSteps,
};

const farWrite: Work<z.infer<typeof writeAnywhereInput>> = async ({ content }, spot, steps) => {
  const bytes = new TextEncoder().encode(content);
  if (bytes.length > MAX_BYTES) throw new ToolFailure("That is more than 1 MB: write it in the workspace and copy it there.");
  const done = await steps.take(
    "write",
    spot,
    "files.write",
    { base64: Buffer.from(bytes).toString("base64") },
    { shown: content },
  );
  return {
    text: `${done.isNew ? "Wrote" : "Replaced"} ${writeSpot(spot)} (${describeSize(done.size)}).`,
    details: { path: writeSpot(spot) },
  };
};

const writeAnywhereInput = z.object({ ...writeInput.shape, ...machine });
export const writeAnywhere: Tool<typeof writeAnywhereInput, ToolResult | ToolWait> = {
  ...write,
  withoutHome: write,
  description: "Create or replace a file. Change part of one with edit instead. Paths as for read.",
  input: writeAnywhereInput,
  run: (given, context) => go(given, context, () => write.run(given, context), farWrite),
  resume: (given, end, context) => go(given, context, () => write.run(given, context), farWrite, end),
  cancel: cancelSteps,
};

const farEdit: Work<z.infer<typeof editAnywhereInput>> = async ({ edits }, spot, steps) => {
  const name = writeSpot(spot);
  const shown = edits.map(({ oldText, newText }) => `- ${oldText}\n+ ${newText}`).join("\n");
  const { bytes, modifiedAt } = await load(spot, steps, { shown });
  const { bytes: changed, text, details } = editBytes(name, bytes, edits);
  const base64 = Buffer.from(changed).toString("base64");
  await steps.take("write", spot, "files.write", { base64, ifModifiedAt: modifiedAt }, { shown, wordOf: "read" });
  return { text, details };
};

const editAnywhereInput = z.object({ ...editInput.shape, ...machine });
export const editAnywhere: Tool<typeof editAnywhereInput, ToolResult | ToolWait> = {
  ...edit,
  withoutHome: edit,
  description: "Replace text in a file. Each oldText must match exactly and only once. Paths as for read.",
  input: editAnywhereInput,
  // What it does at a machine has ids of its own there.
  isRepeatable: isFar,
  run: (given, context) => go(given, context, () => edit.run(given, context), farEdit),
  resume: (given, end, context) => go(given, context, () => edit.run(given, context), farEdit, end),
  cancel: cancelSteps,
};

/** `shown`: it is read to be changed, and this is what the owner sees of the change where they are asked. */
async function load(spot: FarSpot, steps: Steps, { shown }: { shown?: string }) {
  const params = { offset: 0, bytes: MAX_BYTES, isForWriting: shown !== undefined };
  const options = { isKept: false, ...(shown === undefined ? {} : { shown }) };
  const { base64, isWhole, size, modifiedAt } = await steps.take("read", spot, "files.read", params, options);
  if (!isWhole) throw tooLarge(writeSpot(spot), size);
  return { bytes: Uint8Array.from(Buffer.from(base64, "base64")), modifiedAt };
}

function tooLarge(name: string, size: number): ToolFailure {
  return new ToolFailure(
    `${name} has ${describeSize(size)}, too much to be read here: look at parts with exec there, or copy it.`,
  );
}

// write: a whole file, new or replaced, folders made on the way.
import * as z from "zod";
import type { Tool } from "./port.ts";
import { describeSize, expectValue, toFilePath } from "./workspace-path.ts";

export const writeInput = z.object({ path: z.string().min(1), content: z.string() });

export const write: Tool<typeof writeInput> = {
  name: "write",
  label: "Write a file",
  group: "fs",
  description: "Create or replace a workspace file. Change part of one with edit instead.",
  input: writeInput,
  isRepeatable: true,
  isParallel: false,
  title: ({ path }) => `Write ${path}`,
  async run({ path: written, content }, context) {
    const path = toFilePath(written);
    const info = expectValue(await context.workspace.write(path, new TextEncoder().encode(content)));
    return { text: `Wrote ${path} (${describeSize(info.size)}).`, details: { path, size: info.size, version: info.version } };
  },
};

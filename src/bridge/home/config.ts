// What the owner of this machine says about it, in a file of their own: where Skerry is, what of the machine it may use. It can
// only narrow what Skerry's settings allow. Unknown keys are refused, so that a slip of the pen is told.
import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { BridgeRefused } from "../../contract/errors.ts";
import { execPolicy } from "../../contract/home/commands.ts";

const bridgeConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).optional(),
  name: z.string().min(1).max(80).optional(),
  /** Stricter than Skerry's settings: what they allow beyond this is refused here. */
  exec: execPolicy.partial().strict().optional(),
  /** Folders of this machine that may be read, and read and written to, without a question. */
  files: z
    .strictObject({
      read: z.array(z.string().min(1)).default([]),
      write: z.array(z.string().min(1)).default(["~/Skerry"]),
    })
    .prefault({}),
  /** Commands that this machine does not offer, by their names or by a beginning such as `exec.`. */
  without: z.array(z.string().min(1).max(128)).default([]),
  browser: z
    .strictObject({
      /** Of Chrome, Chromium or one like them; else it is looked for. */
      path: z.string().min(1).optional(),
      /** Whether the browser keeps pages in its own sandbox. Without it a page that breaks out has this user's rights. */
      sandbox: z.boolean().default(true),
    })
    .prefault({}),
  sandbox: z
    .strictObject({
      /** Of the engine; else it is looked for. */
      socket: z.string().optional(),
      image: z.string().optional(),
      /** Networks of the engine that a sandbox may be in. */
      networks: z.array(z.string()).default([]),
    })
    .prefault({}),
});
export type BridgeConfig = z.infer<typeof bridgeConfig>;

/** @throws BridgeRefused when the file is there and no configuration. */
export function readBridgeConfig(path: string | undefined): BridgeConfig {
  if (path === undefined || !existsSync(path)) {
    if (path !== undefined) throw new BridgeRefused({ kind: "bad-config", path, reason: "there is no such file" });
    return bridgeConfig.parse({});
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BridgeRefused({ kind: "bad-config", path, reason: error instanceof Error ? error.message : String(error) });
  }
  const read = bridgeConfig.safeParse(json);
  if (read.success) return read.data;
  const reason = read.error.issues.map((issue) => `${issue.path.join(".") || "the document"}: ${issue.message}`).join("; ");
  throw new BridgeRefused({ kind: "bad-config", path, reason });
}

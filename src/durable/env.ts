// What the runtime hands to every object and to the Worker: bindings, variables, secrets. See wrangler.toml.
import type { WorkersAi } from "./models/port.ts";

export interface Env {
  DIRECTORY: DurableObjectNamespace;
  SESSION: DurableObjectNamespace;
  WORKSPACE: DurableObjectNamespace;
  GATEWAY: DurableObjectNamespace;
  /** Attachments, long outputs, large files. */
  MEDIA: R2Bucket;
  /** The built page. */
  ASSETS: Fetcher;
  /** A way out that reaches public addresses only: of the local runtime. Cloudflare's own network has none but those. */
  OUTSIDE?: Fetcher;
  /** Workers AI; absent on the local runtime. */
  AI?: WorkersAi;
  /** Browser Rendering; absent where there is none. */
  BROWSER?: Fetcher;
  /** Sends mail; absent on the local runtime. */
  EMAIL?: SendEmail;
  /** The owner's token. Without it nobody gets in. */
  SKERRY_TOKEN?: string;
  /** `provider/model`; wins over the settings. */
  SKERRY_MODEL?: string;
  /** "local" when `npm start` runs it. */
  SKERRY_RUNTIME?: string;
  /** Keys and addresses of providers, by their usual names. */
  [name: string]: unknown;
}

/** Variables and secrets only: what may be read as text. */
export function textVariables(env: Env): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

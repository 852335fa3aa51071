// What a browser can be asked, wherever it stands: the words of the tool, the rules that go with them, the answer. The bridge
// reads with these schemas what it is asked; the tool offers the same words to the model.
import * as z from "zod";

export const BROWSER_ACTIONS = [
  "status",
  "open",
  "tabs",
  "focus",
  "close",
  "navigate",
  "back",
  "snapshot",
  "screenshot",
  "act",
  "evaluate",
  "console",
  "requests",
  "errors",
  "pdf",
  "download",
  "dialog",
  "cookies",
  "storage",
  "emulate",
  "profiles",
  "handoff",
] as const;
export const ACT_KINDS = [
  "click",
  "double",
  "type",
  "fill",
  "press",
  "hover",
  "drag",
  "select",
  "upload",
  "wait",
  "scroll",
] as const;

const ref = z.string().max(20);
const words = z.string().max(100_000);

/** As the model writes it. Descriptions cost on every request. */
export const browserInput = z.object({
  action: z.enum(BROWSER_ACTIONS),
  kind: z.enum(ACT_KINDS).optional().describe("for act"),
  url: z.string().max(4096).optional().describe("wait: part of it"),
  tab: z.string().max(20).optional().describe("t1"),
  ref: ref.optional().describe("e1"),
  selector: z.string().max(1000).optional().describe("CSS"),
  text: words.optional().describe("type, wait; press: key like Enter or Control+A; evaluate: JavaScript; dialog: answer"),
  fields: z
    .array(z.object({ ref, text: words }))
    .max(100)
    .optional()
    .describe("fill"),
  values: z.array(z.string().max(4096)).max(100).optional().describe("select: options; upload: workspace paths"),
  to: ref.optional().describe("drag: ref; scroll: up, down, top, bottom"),
  submit: z.boolean().optional().describe("type: then Enter"),
  gone: z.boolean().optional().describe("wait until it is gone"),
  seconds: z.number().min(0).max(600).optional().describe("wait, handoff; open: keep it so long after the turn"),
  mode: z.enum(["compact", "full", "interactive"]).optional().describe("snapshot"),
  diff: z.boolean().optional().describe("snapshot: changes since the last"),
  query: z.string().max(200).optional().describe("only lines with this"),
  depth: z.int().min(1).max(50).optional(),
  maxChars: z.int().min(200).max(80_000).optional(),
  full: z.boolean().optional().describe("screenshot: whole page"),
  labels: z.boolean().optional().describe("screenshot: draw refs"),
  send: z.boolean().optional().describe("to the person too"),
  accept: z.boolean().optional().describe("dialog"),
  op: z.enum(["get", "set", "clear"]).optional().describe("cookies, storage, profiles"),
  set: z
    .record(z.string().max(200), z.unknown())
    .optional()
    .describe("cookies, storage: values; emulate: device, width, height, geo, offline, dark, timeZone"),
  profile: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
    .optional(),
  where: z.enum(["home", "edge", "cdp"]).optional(),
});
export type BrowserInput = z.infer<typeof browserInput>;

/** What the owner's settings allow; the same for every back end. */
export const browserPolicy = z.object({
  /** `host` or `host:port` that may be reached although they are private. */
  allowedHosts: z.array(z.string().max(255)).default([]),
  /** When there are any, nothing else is reached: `example.com` with what is below it. */
  allowedDomains: z.array(z.string().max(255)).default([]),
  mayEvaluate: z.boolean().default(false),
});
export type BrowserPolicy = z.infer<typeof browserPolicy>;

/** A file on its way into a page. */
const sentFile = z.object({ key: z.string().max(256), name: z.string().max(256), type: z.string().max(256) });

/** The tab that was handed over. Tabs that it opens from `nextTab` on (a login in a window of its own) are shown in its place. */
export const handedTab = z.object({ tab: z.string().max(20), nextTab: z.int().min(1) });
export type HandedTab = z.infer<typeof handedTab>;

/** One thing done in the browser of a home. */
export const browserDo = z.object({
  /** Whose tabs: no session sees those of another. */
  sessionKey: z.string().min(1).max(512),
  profile: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  isHeadless: z.boolean().default(true),
  policy: browserPolicy,
  input: browserInput,
  files: z.array(sentFile).max(20).default([]),
  /** Profiles that may be listed and cleared; absent: only the one it uses. */
  mayManageProfiles: z.boolean().default(false),
});
export type BrowserDo = z.infer<typeof browserDo>;

const mediaRef = z.object({ key: z.string(), type: z.string(), size: z.int(), name: z.string().optional() });
export const browserDone = z.object({
  /** Our own words. */
  notes: z.array(z.string()),
  /** What the page says: written by others. */
  content: z.string().optional(),
  /** Where it was read. */
  url: z.string().optional(),
  files: z.array(mediaRef).default([]),
  /** Of a hand-off: the tab's name from now on, which is a new one where the browser was started anew. */
  tab: z.string().max(20).optional(),
  /** Of a hand-off where nobody could see a window: the tab is to be shown on a page of Skerry's own. */
  handed: handedTab.optional(),
});
export type BrowserDone = z.infer<typeof browserDone>;

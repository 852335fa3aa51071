// An agent's files, for the machine whose sandbox mounts them: a list of what there is, and each file by itself. The owner's
// settings open it, for each agent and anew for each request: to read with workspaceAccess ro, to write with rw. Whoever comes here
// was proved to be a paired machine by the door of homes.
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { GatewayErrorCode, GatewayErrorData, Outcome } from "../../contract/errors.ts";
import { readParcels, writeParcels } from "../../contract/home/parcels.ts";
import type { FileInfo, FileStamp, MarkedChange, WorkspacePort } from "../../contract/ports/workspace.ts";
import { workspaceAccess } from "../../durable/directory/hands/brief.ts";
import { directoryOf, workspaceOf } from "../../durable/stubs.ts";
import { normalizePath } from "../../durable/workspace/paths.ts";
import type { Door } from "../door.ts";
import { refuse } from "../errors.ts";
import { readUpTo } from "../media.ts";

const MAX_FILE_BYTES = 25 * 1024 * 1024;
const MAX_FILES = 20_000;
const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Longer than any path of a workspace. */
const MAX_PATH_CHARS = 1024;

const pathQuery = z.string().min(1, "is missing").max(MAX_PATH_CHARS, "is too long");
/** `<version>.<updatedAt>` as the list says them; `0.0`: there must be none. */
const stampQuery = z.string().regex(/^\d{1,15}\.\d{1,15}$/, "must be version.updatedAt, as the list of files says them");

const STATUS: Partial<Record<GatewayErrorCode, 400 | 403 | 404 | 409 | 503>> = {
  INVALID_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  UNAVAILABLE: 503,
};

const readList = z.object({ paths: z.array(pathQuery).max(MAX_BATCH) });
const changeHead = z.object({ path: pathQuery, ifVersion: stampQuery, isGone: z.boolean().default(false) });
const NOTHING = new Uint8Array(0);
/** Stands for what the workspace is still to answer. */
const WAITING: Outcome<FileStamp> = { ok: false, error: { code: "UNAVAILABLE", message: "It was not done; try again." } };

export const workspaces = new Hono<Door>();

/** One file or folder a line, then a line that says how many they were: a list that broke off must not pass for a short one. */
workspaces.get("/:agentId", (c) =>
  withWorkspace(c, "ro", async (workspace) => {
    const listed = await workspace.list("", true);
    if (!listed.ok) return refuseOutcome(c, listed.error);
    if (listed.value.length > MAX_FILES) {
      const message = `The agent has ${listed.value.length} files and folders; at most ${MAX_FILES} can be brought into a sandbox. Remove some, or set sandbox.workspaceAccess to none.`;
      return refuse(c, 413, "TOO_LARGE", message);
    }
    const lines = listed.value.map((info) => JSON.stringify(rowOf(info)));
    const text = [...lines, JSON.stringify({ end: lines.length })].join("\n");
    return c.body(`${text}\n`, 200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  }),
);

workspaces.get("/:agentId/file", (c) =>
  withFile(c, "ro", async (workspace, path) => {
    const read = await workspace.read(path);
    if (!read.ok) return refuseOutcome(c, read.error);
    const { info, bytes } = read.value;
    return c.body(new Uint8Array(bytes), 200, {
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      etag: `"${info.version}.${info.updatedAt}"`,
    });
  }),
);

workspaces.put("/:agentId/file", (c) =>
  withFile(c, "rw", async (workspace, path, stamp) => {
    if (Number(c.req.header("content-length") ?? 0) > MAX_FILE_BYTES) return refuseSize(c, path);
    const bytes = await readUpTo(c, MAX_FILE_BYTES);
    return bytes ? answerInfo(c, await workspace.write(path, bytes, stamp)) : refuseSize(c, path);
  }),
);

workspaces.delete("/:agentId/file", (c) =>
  withFile(c, "rw", async (workspace, path, stamp) => {
    const removed = await workspace.remove(path, stamp);
    return removed.ok ? c.json(removed.value) : refuseOutcome(c, removed.error);
  }),
);

workspaces.put("/:agentId/folder", (c) =>
  withFile(c, "rw", async (workspace, path) => {
    const made = await workspace.apply([{ type: "mkdir", path }]);
    return made.ok ? c.json({ path }) : refuseOutcome(c, made.error);
  }),
);

/** Several small files at once, each answered for itself: a parcel with its bytes, or with the code of a refusal and none. */
workspaces.post("/:agentId/read", (c) =>
  withWorkspace(c, "ro", async (workspace) => {
    const body = await readUpTo(c, MAX_BATCH_BYTES);
    const wanted = readList.safeParse(body && parse(new TextDecoder().decode(body)));
    if (!wanted.success) return refuse(c, 400, "INVALID_REQUEST", `Send {"paths": […]} with at most ${MAX_BATCH} paths.`);
    const good = wanted.data.paths.filter((path) => faultOf(path) === undefined);
    const answers = await workspace.readEach(good);
    const parcels = answers.map((read, at) =>
      read.ok
        ? {
            head: { path: good[at], version: read.value.info.version, updatedAt: read.value.info.updatedAt },
            bytes: read.value.bytes,
          }
        : { head: { path: good[at], code: read.error.code, message: read.error.message }, bytes: NOTHING },
    );
    return c.body(writeParcels(parcels), 200, { "content-type": "application/octet-stream", "cache-control": "no-store" });
  }),
);

/** Several changes at once, each for itself: a parcel is a file to write, or with `isGone` one to take away. */
workspaces.post("/:agentId/changes", (c) =>
  withWorkspace(c, "rw", async (workspace) => {
    const body = await readUpTo(c, MAX_BATCH_BYTES);
    if (!body) return refuse(c, 413, "TOO_LARGE", "Send at most 8 MB of changes at once.");
    const parcels = readParcels(body);
    if (!parcels || parcels.length > MAX_BATCH) {
      return refuse(c, 400, "INVALID_REQUEST", `Send at most ${MAX_BATCH} changes, each a line of JSON and its bytes.`);
    }
    const changes: MarkedChange[] = [];
    const answers = parcels.map(({ head, bytes }): { outcome: Outcome<FileStamp> } => {
      const read = changeHead.safeParse(head);
      const fault = read.success ? faultOf(read.data.path) : "A change names its path and ifVersion.";
      if (!read.success || fault !== undefined) {
        return { outcome: { ok: false, error: { code: "INVALID_REQUEST", message: fault ?? "This is no change." } } };
      }
      const { path, ifVersion, isGone } = read.data;
      changes.push({ path, expected: readStamp(ifVersion), ...(isGone ? {} : { bytes }) });
      return { outcome: WAITING };
    });
    const done = await workspace.changeEach(changes);
    const results = answers.map(({ outcome }) => (outcome === WAITING ? (done.shift() ?? WAITING) : outcome));
    return c.json({
      results: results.map((one) => (one.ok ? one.value : { code: one.error.code, message: one.error.message })),
    });
  }),
);

async function withWorkspace(
  c: Context<Door>,
  wanted: "ro" | "rw",
  work: (workspace: WorkspacePort) => Promise<Response>,
): Promise<Response> {
  const agentId = c.req.param("agentId") ?? "";
  const { settings } = await directoryOf(c.env).settings();
  const access = workspaceAccess(settings, agentId);
  if (access === "none") {
    const message =
      "The files of this agent are not open to sandboxes; the owner can open them with sandbox.workspaceAccess (ro or rw).";
    return refuse(c, 403, "CLOSED", message);
  }
  if (wanted === "rw" && access !== "rw") {
    const message =
      "The files of this agent can only be read from a sandbox; the owner can change that with sandbox.workspaceAccess.";
    return refuse(c, 403, "READ_ONLY", message);
  }
  return work(workspaceOf(c.env, agentId));
}

/** What changes a file says which one it means: without a stamp nothing is changed. */
function withFile(
  c: Context<Door>,
  wanted: "ro" | "rw",
  work: (workspace: WorkspacePort, path: string, stamp: FileStamp) => Promise<Response>,
): Promise<Response> {
  return withWorkspace(c, wanted, async (workspace) => {
    const path = pathQuery.safeParse(c.req.query("path"));
    if (!path.success) return refuse(c, 400, "INVALID_REQUEST", `path ${path.error.issues[0]?.message ?? "is wrong"}.`);
    const isChange = c.req.path.endsWith("/file") && c.req.method !== "GET";
    const stamp = stampQuery.safeParse(isChange ? c.req.query("ifVersion") : "0.0");
    if (!stamp.success) return refuse(c, 400, "INVALID_REQUEST", `ifVersion ${stamp.error.issues[0]?.message ?? "is wrong"}.`);
    const fault = faultOf(path.data);
    if (fault !== undefined) return refuse(c, 400, "INVALID_REQUEST", fault);
    return work(workspace, path.data, readStamp(stamp.data));
  });
}

/** The same file must not have two names on the machine: only the spelling of the workspace itself is taken. */
function faultOf(path: string): string | undefined {
  try {
    const canonical = normalizePath(path);
    if (canonical === path) return undefined;
    return `"${path.slice(0, 80)}" is not as the workspace writes it: names relative to its top, "/" between them, composed Unicode (NFC).`;
  } catch (error) {
    return error instanceof Error ? error.message : "This is no path of a workspace.";
  }
}

function readStamp(text: string): FileStamp {
  const [version = 0, updatedAt = 0] = text.split(".").map(Number);
  return { version, updatedAt };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rowOf({ path, size, version, updatedAt, isDirectory, isReadOnly }: FileInfo) {
  if (isDirectory) return { path, kind: "folder" };
  return { path, kind: "file", size, version, updatedAt, ...(isReadOnly ? { isReadOnly } : {}) };
}

function answerInfo(c: Context<Door>, outcome: Outcome<FileInfo>): Response {
  return outcome.ok ? c.json(rowOf(outcome.value)) : refuseOutcome(c, outcome.error);
}

function refuseOutcome(c: Context<Door>, { code, message }: GatewayErrorData): Response {
  return refuse(c, STATUS[code] ?? 500, code, message);
}

function refuseSize(c: Context<Door>, path: string): Response {
  return refuse(c, 413, "TOO_LARGE", `"${path}" is larger than 25 MB, the most that a file of a workspace has.`);
}

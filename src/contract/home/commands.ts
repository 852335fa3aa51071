// What a Skerry bridge can be asked to do: the commands it offers, with their parameters and results. Both ends read with
// these schemas: the bridge what it is asked, the session what it is answered. Sizes are bytes, times ms.
import * as z from "zod";
import { lineState, mediaRef } from "../channels/at-home.ts";
import {
  channelDone,
  channelLink,
  channelLook,
  channelMedia,
  channelRead,
  channelReadAnswer,
  channelRefresh,
  channelSend,
  channelUnlink,
  deliveryOutcome,
} from "../channels/home-acts.ts";
import { browserDo, browserDone } from "./browser.ts";
import { browserFrame, browserHand, browserHanded, browserWatch } from "./hand-off.ts";

const id = z.string().regex(/^[\w.:-]{1,200}$/, "letters, digits and . _ : - only");
const path = z.string().min(1).max(4096);

/** Where something is done: on the machine itself, or in a container on it. */
export const place = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("home") }),
  z.object({
    kind: z.literal("sandbox"),
    /** Containers are told apart by it: a session's key, an agent's id, or `shared`. */
    key: z.string().min(1).max(512),
    agentId: z.string().min(1).max(64),
    image: z.string().max(256).optional(),
    /** `none`, or the name of a network of the engine that the owner allows. */
    network: z.string().max(128).default("none"),
    /** Whether the agent's files are there, at /workspace; with `none` it is an empty folder that stays. */
    workspace: z.enum(["none", "ro", "rw"]).default("none"),
    memoryMb: z.int().min(16).max(65_536).default(1024),
    cpus: z.number().positive().max(64).default(1),
    pids: z.int().min(8).max(4096).default(256),
    /** Run once in a new container, before anything else, with its network. */
    setup: z.string().max(10_000).optional(),
    env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().max(4096)).default({}),
  }),
]);
export type Place = z.infer<typeof place>;

/** What the owner's settings allow on the machine itself. The machine's own rules may be stricter, never laxer. */
export const execPolicy = z.object({
  security: z.enum(["deny", "allowlist", "full"]),
  ask: z.enum(["off", "on-miss", "always"]),
});
export type ExecPolicy = z.infer<typeof execPolicy>;

/** The owner's word on one command line. `plan` is the hash of what was shown when it was asked for. */
export const execApproval = z.object({
  id: z.string().max(128),
  plan: z.string().max(128),
  decision: z.enum(["allow-once", "allow-always"]),
});
export type ExecApproval = z.infer<typeof execApproval>;

export const execStart = z.object({
  /** Names the process from now on. The same id again is the same process. */
  processId: id,
  /** Whose it is: only the same session sees it again. */
  sessionKey: z.string().min(1).max(512),
  place,
  command: z.string().min(1).max(100_000),
  workdir: path.optional(),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().max(32_768)).default({}),
  /** 0: none. */
  timeoutMs: z.int().min(0).max(86_400_000).default(1_800_000),
  /** Answered after this also when it still runs. */
  yieldMs: z.int().min(0).max(20_000).default(10_000),
  isPty: z.boolean().default(false),
  policy: execPolicy.default({ security: "allowlist", ask: "on-miss" }),
  approval: execApproval.optional(),
});
export type ExecStart = z.infer<typeof execStart>;

/** Why a part of a command line is not simply run. */
export const execSegment = z.object({
  /** As it would be run. */
  text: z.string(),
  /** The file that would run, with links followed; absent: none was found, or it cannot be known. */
  executable: z.string().optional(),
  verdict: z.enum(["allowed", "not-listed", "not-found", "unprovable"]),
  reason: z.string().optional(),
});
export type ExecSegment = z.infer<typeof execSegment>;

export const execPlan = z.object({
  hash: z.string(),
  command: z.string(),
  workdir: z.string(),
  segments: z.array(execSegment),
  /** One sentence: why it is asked. */
  reason: z.string(),
});
export type ExecPlan = z.infer<typeof execPlan>;

const output = {
  /** The last of it, at most 64 KiB; both streams as they came. */
  output: z.string(),
  /** All that was written so far. */
  outputBytes: z.int().min(0),
};

export const processState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), processId: id, startedAt: z.number(), ...output }),
  z.object({
    state: z.literal("exited"),
    processId: id,
    startedAt: z.number(),
    endedAt: z.number(),
    /** Absent when a signal ended it. */
    exitCode: z.int().optional(),
    signal: z.string().optional(),
    /** Why it was ended, in words: out of time, out of memory, killed, the engine died. */
    endedBy: z.string().optional(),
    ...output,
  }),
]);
export type ProcessState = z.infer<typeof processState>;

export const execAnswer = z.union([
  processState,
  z.object({ state: z.literal("asks"), plan: execPlan }),
  z.object({ state: z.literal("refused"), reason: z.string() }),
]);
export type ExecAnswer = z.infer<typeof execAnswer>;

/** `mayReachHome`: whether whoever asks may have commands on the machine itself now; else its processes do not exist for them. */
const ofSession = { sessionKey: z.string().min(1).max(512), mayReachHome: z.boolean().default(false) };
const ofProcess = { processId: id, ...ofSession };
export const processList = z.object(ofSession);
/** Answered as soon as there is output after `since`, when it ends, or after `waitMs`. */
export const processPoll = z.object({
  ...ofProcess,
  since: z.int().min(0).default(0),
  waitMs: z.int().min(0).max(20_000).default(0),
});
/** Lines of the whole output, counted from 0; a negative `from` counts from the end. */
export const processLog = z.object({ ...ofProcess, from: z.int().default(-200), lines: z.int().min(1).max(5000).default(200) });
export const processLogAnswer = z.object({ text: z.string(), from: z.int(), totalLines: z.int(), totalBytes: z.int() });
export const processWrite = z.object({ ...ofProcess, data: z.string().max(1_000_000), isEnd: z.boolean().default(false) });
/** Keys by their names as tmux writes them: `C-c`, `Enter`, `Up`, `Escape`, `Tab`; one plain character is itself. */
export const processKeys = z.object({ ...ofProcess, keys: z.array(z.string().min(1).max(32)).min(1).max(200) });
export const processKill = z.object({ ...ofProcess, signal: z.enum(["TERM", "KILL", "INT", "HUP"]).default("TERM") });

/** A path of a place: in a sandbox below /workspace (or /tmp), on the machine absolute or from the home folder (~). */
const ofFile = {
  sessionKey: z.string().min(1).max(512),
  place,
  path,
  /** For the machine itself; in a sandbox there is nothing to ask about. */
  policy: execPolicy.default({ security: "allowlist", ask: "on-miss" }),
  approval: execApproval.optional(),
};
/** Asked for before the owner gave their word: the plan has the file that it would be, links followed. */
export const fileAsks = z.object({ state: z.literal("asks"), plan: execPlan });
export const fileRead = z.object({
  ...ofFile,
  offset: z.int().min(0).default(0),
  bytes: z.int().min(1).max(1_000_000).default(262_144),
  /** To be changed next: what is asked about is the writing. */
  isForWriting: z.boolean().default(false),
});
export const fileReadAnswer = z.object({ base64: z.string(), size: z.int(), modifiedAt: z.number(), isWhole: z.boolean() });
/** `ifModifiedAt`: refused when it was changed since it was read. Folders on the way are made. */
export const fileWrite = z.object({ ...ofFile, base64: z.string().max(1_400_000), ifModifiedAt: z.number().optional() });
export const fileWriteAnswer = z.object({ size: z.int(), modifiedAt: z.number(), isNew: z.boolean() });
export const fileList = z.object({ ...ofFile, isDeep: z.boolean().default(false), limit: z.int().min(1).max(5000).default(500) });
export const fileListAnswer = z.object({
  entries: z.array(
    z.object({ path: z.string(), kind: z.enum(["file", "folder", "link", "other"]), size: z.int(), modifiedAt: z.number() }),
  ),
  isCut: z.boolean(),
});
/** Bytes go through the object store, not through the socket: the bridge brings a file there, or fetches one. */
export const fileGive = z.object({ ...ofFile, name: z.string().max(256).optional() });
export const fileGiveAnswer = z.object({ key: z.string(), type: z.string(), size: z.int(), name: z.string() });
export const fileTake = z.object({ ...ofFile, key: z.string().max(256) });

export const sandboxStatus = z.object({});
export const sandboxStatusAnswer = z.object({
  /** Absent: there is none, for `reason`. That stands beside an engine that cannot be used: it lacks a guard, or an image that is not built but fetched. */
  engine: z.object({ name: z.string(), version: z.string(), isRootless: z.boolean(), socket: z.string() }).optional(),
  reason: z.string().optional(),
  /** The default image, and whether it is there. */
  image: z.string(),
  hasImage: z.boolean(),
  containers: z.array(
    z.object({ name: z.string(), key: z.string(), image: z.string(), isRunning: z.boolean(), usedAt: z.number() }),
  ),
});
export type SandboxStatus = z.infer<typeof sandboxStatusAnswer>;

/** Every command of a bridge with what it takes and what it answers. */
export const HOME_COMMANDS = {
  "exec.start": { params: execStart, answer: execAnswer },
  "process.list": { params: processList, answer: z.object({ processes: z.array(processState) }) },
  "process.poll": { params: processPoll, answer: processState },
  "process.log": { params: processLog, answer: processLogAnswer },
  "process.write": { params: processWrite, answer: processState },
  "process.keys": { params: processKeys, answer: processState },
  "process.kill": { params: processKill, answer: processState },
  "files.read": { params: fileRead, answer: z.union([fileReadAnswer, fileAsks]) },
  "files.write": { params: fileWrite, answer: z.union([fileWriteAnswer, fileAsks]) },
  "files.list": { params: fileList, answer: z.union([fileListAnswer, fileAsks]) },
  "files.give": { params: fileGive, answer: z.union([fileGiveAnswer, fileAsks]) },
  "files.take": { params: fileTake, answer: z.union([fileWriteAnswer, fileAsks]) },
  "browser.do": { params: browserDo, answer: browserDone },
  "browser.watch": { params: browserWatch, answer: browserFrame },
  "browser.hand": { params: browserHand, answer: browserHanded },
  "channel.send": { params: channelSend, answer: deliveryOutcome },
  "channel.media": { params: channelMedia, answer: mediaRef },
  "channel.read": { params: channelRead, answer: channelReadAnswer },
  "channel.link": { params: channelLink, answer: lineState },
  "channel.look": { params: channelLook, answer: lineState },
  "channel.unlink": { params: channelUnlink, answer: channelDone },
  "channel.refresh": { params: channelRefresh, answer: channelDone },
  "sandbox.status": { params: sandboxStatus, answer: sandboxStatusAnswer },
} as const;

export type HomeCommandName = keyof typeof HOME_COMMANDS;
export type HomeParams<C extends HomeCommandName> = z.infer<(typeof HOME_COMMANDS)[C]["params"]>;
export type HomeResult<C extends HomeCommandName> = z.infer<(typeof HOME_COMMANDS)[C]["answer"]>;

/**
 * What they answer is worth something at this moment alone, or (an act of a channel) whoever asks keeps it: neither end writes it down
 * or asks again by itself.
 */
export function isFleeting(command: string): boolean {
  return command === "browser.watch" || command === "browser.hand" || command.startsWith("channel.");
}

/** Of an answer, as JSON. Both ends turn a larger one down: the line would not carry it. */
export const MAX_ANSWER_CHARS = 900_000;

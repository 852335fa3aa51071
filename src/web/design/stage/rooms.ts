// Made-up answers for the control rooms: full ones, and empty ones.
import * as z from "zod";
import { settingsSchema } from "../../../contract/settings.ts";
import type { BrowserLogin } from "../../control/devices/pairing.ts";
import type { AgentFile } from "../../control/files/agent-files.ts";
import type { ProviderRow } from "../../control/models/catalogue.ts";
import type { SkillRow } from "../../control/skills/skill.ts";
import { NOTHING_SPENT, type Spent, type UsageAnswer } from "../../control/usage/figures.ts";
import { approvalAnswers, noApprovals } from "./approvals.ts";
import { channelAnswers, noChannels } from "./channels.ts";
import { ASKING, machineAnswers, noMachines } from "./machines.ts";
import { noSessions } from "./sessions.ts";
import { type Answers, refuse } from "./staged-desk.ts";
import { MODELS, talkAnswers } from "./talk.ts";

const NOW = Date.now();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const SETTINGS = {
  agents: {
    defaults: {
      model: { primary: "anthropic/claude-opus-4-6", fallbacks: ["anthropic/claude-haiku-4-5", "ollama/qwen3-coder"] },
      thinking: "medium",
      budget: { perDayUsd: 5 },
    },
  },
  gateway: { controlUi: { allowedOrigins: ["https://desk.example.org"] } },
};

export const documentOf = (parsed: object) => ({ raw: JSON.stringify(parsed), parsed, hash: "made-up" });

const PROVIDERS: readonly ProviderRow[] = [
  {
    provider: "anthropic",
    name: "Anthropic",
    models: 4,
    needsKey: true,
    variable: "ANTHROPIC_API_KEY",
    isVariableSet: true,
    state: "set",
    masked: "sk-…7f2q",
    setAtMs: NOW - 3 * DAY,
  },
  { provider: "openai", name: "OpenAI", models: 6, needsKey: true, state: "none" },
  { provider: "deepseek", name: "DeepSeek", models: 2, needsKey: true, state: "unreadable", setAtMs: NOW - 90 * DAY },
  {
    provider: "google",
    name: "Google",
    models: 0,
    needsKey: true,
    variable: "GEMINI_API_KEY",
    isVariableSet: true,
    state: "none",
  },
  { provider: "ollama", name: "Ollama", models: 0, needsKey: false, state: "none" },
];

export const spent = (cost: number, turns = 12): Spent => ({
  input: Math.round(cost * 40_000),
  output: Math.round(cost * 9_000),
  cacheRead: Math.round(cost * 90_000),
  cacheWrite: 0,
  totalTokens: Math.round(cost * 139_000),
  totalCost: cost,
  knownCost: cost,
  turns,
  unpricedTurns: 0,
});

const DAYS = [0.4, 0, 0.9, 2.1, 1.3, 0, 0.2, 3.8, 2.2, 1.1, 0.6, 4.9, 1.84];

export function usage(rest: Partial<UsageAnswer> = {}): UsageAnswer {
  return {
    updatedAt: NOW,
    days: 30,
    daily: DAYS.map((cost, at) => ({ date: dayBefore(DAYS.length - 1 - at), ...spent(cost, cost === 0 ? 0 : 12) })),
    models: [
      { model: "anthropic/claude-opus-4-6", ...spent(16.2) },
      { model: "anthropic/claude-haiku-4-5", ...spent(2.9) },
      { model: "ollama/qwen3-coder-480b-a35b-instruct-q4_K_M", ...spent(0), totalTokens: 48_000, unpricedTurns: 12 },
    ],
    agents: [{ agentId: "main", ...spent(19.1) }],
    budgets: [{ agentId: "main", name: "Skerry", perDayUsd: 5, countedTodayUsd: 1.84 }],
    totals: { ...spent(19.1, 140), unpricedTurns: 12 },
    ...rest,
  };
}

export function dayBefore(days: number): string {
  return new Date(NOW - days * DAY).toISOString().slice(0, 10);
}

const SKILLS: readonly SkillRow[] = [
  {
    name: "tides",
    skillKey: "tides",
    description: "Reads the tide table of the sound and warns of strong currents.",
    source: "workspace",
    filePath: "skills/tides/SKILL.md",
    disabled: false,
    eligible: true,
  },
  {
    name: "research",
    skillKey: "research",
    description: "Looks things up and says where they are from.",
    source: "bundled",
    filePath: "skills/research/SKILL.md",
    disabled: false,
    eligible: true,
  },
  {
    name: "weather",
    skillKey: "weather",
    description: "Weather of the next days.",
    source: "bundled",
    filePath: "skills/weather/SKILL.md",
    disabled: true,
    eligible: false,
  },
  {
    name: "camera",
    skillKey: "camera",
    description: "",
    source: "bundled",
    filePath: "skills/camera/SKILL.md",
    disabled: false,
    eligible: false,
    reason: "needs a home with a camera",
  },
];

const SOUL = "# Soul\n\nCalm, brief, exact. Says what it does not know.\n\n- Speaks plainly\n- Asks before it spends money\n";
const SOUL_BEFORE = "# Soul\n\nFriendly and brief.\n\n- Speaks plainly\n";

const file = (path: string, size: number, rest: Partial<AgentFile> = {}): AgentFile => ({
  path,
  size,
  updatedAtMs: NOW - 5 * HOUR,
  version: 3,
  isReadOnly: false,
  missing: false,
  ...rest,
});
const FILES = [
  file("SOUL.md", SOUL.length),
  file("IDENTITY.md", 120),
  file("AGENTS.md", 2_400),
  file("memory/2026-11-21.md", 1_800),
  file("memory/2026-11-20.md", 940),
  file("plans/saturday.md", 52),
  file("exports/the whole talk about the berth at the harbour office and who may tie up there in winter.md", 248_000),
];

const LOG = [
  { level: "info", message: "screen connected", platform: "web" },
  { level: "info", message: "turn ended", session: "agent:main:main", tookMs: 4210, costUsd: 0.0123 },
  { level: "warn", message: "model overloaded, trying again", provider: "anthropic", attempt: 2 },
  {
    level: "error",
    message: "delivery failed: the platform answered 403 and will not be asked again before a person looks",
    channel: "telegram",
  },
].map((line, at) => JSON.stringify({ time: new Date(NOW - (9 - at) * 1_000).toISOString(), subsystem: "gateway", ...line }));

const person = (host: string, rest: object = {}) => ({
  host,
  mode: "webchat",
  platform: "web",
  version: "0.1.0",
  reason: "connect",
  onlineSince: NOW - 2 * HOUR,
  ts: NOW,
  ...rest,
});

const device = (displayName: string, rest: object = {}) => ({
  deviceId: displayName,
  displayName,
  platform: "android",
  roles: ["operator"],
  scopes: ["operator.read", "operator.write"],
  createdAtMs: NOW - 40 * DAY,
  lastSeenAtMs: NOW - 3 * HOUR,
  tokens: [{ role: "operator" }],
  ...rest,
});

/** Everything is there. */
export function roomAnswers(): Answers {
  return {
    ...talkAnswers(),
    ...channelAnswers,
    ...approvalAnswers,
    ...machineAnswers,
    "usage.cost": usage(),
    "models.list": { models: MODELS, default: "anthropic/claude-opus-4-6", why: "the settings name it" },
    "models.auth.list": { providers: PROVIDERS },
    "models.auth.test": { test: { outcome: "ok", message: "Anthropic answered with this key." } },
    "models.auth.set": {
      saved: false,
      test: { outcome: "refused", message: "OpenAI does not know this key. Copy it again." },
    },
    "models.auth.remove": {},
    "config.get": documentOf(SETTINGS),
    "config.schema": { schema: z.toJSONSchema(settingsSchema, { unrepresentable: "any" }) },
    "config.set": refuse("The settings do not fit.", {
      code: "INVALID_REQUEST",
      details: { issues: [{ path: "agents.defaults.budget.perDayUsd", reason: "must be more than 0" }] },
    }),
    "config.patch": documentOf(SETTINGS),
    "agents.list": {
      agents: [
        { id: "main", name: "Skerry" },
        { id: "garden", name: "Gardener" },
      ],
    },
    "agents.files.list": { files: FILES },
    "agents.files.get": ({ name }: { name: string }) => ({ file: contentOf(name) }),
    "agents.files.set": refuse("SOUL.md was changed elsewhere.", { code: "CONFLICT" }),
    "agents.files.versions": {
      versions: [
        { version: 2, size: 43, updatedAtMs: NOW - 3 * DAY },
        { version: 1, size: 12, updatedAtMs: NOW - 30 * DAY },
      ],
    },
    "agents.files.version": { content: SOUL_BEFORE },
    "skills.status": { skills: SKILLS },
    "device.pair.list": {
      pending: [
        ASKING,
        {
          requestId: "r",
          deviceId: "d",
          displayName: "Kitchen tablet",
          platform: "android",
          scopes: ["operator.read", "operator.write"],
          remoteIp: "192.0.2.7",
          ts: NOW - 90_000,
        },
      ],
      paired: [
        device("Ada's phone"),
        device("Old laptop, the grey one that stood in the boat house", {
          scopes: ["operator.admin"],
          tokens: [{ role: "operator", revokedAtMs: NOW - DAY }],
        }),
      ],
      logins: [browserLogin("this", true), browserLogin("other", false)],
    },
    "auth.link": { path: "/#code=made-up-made-up-made-up", expiresAt: NOW + 15 * 60_000 },
    status: {
      version: "0.1.0+made.up",
      uptimeMs: 5 * HOUR,
      connections: 2,
      model: { ref: "anthropic/claude-opus-4-6", why: "the settings name it" },
      sessions: { count: 231 },
    },
    "system-presence": [person("WebChat"), person("Ada's phone", { platform: "android", reason: "disconnect", ts: NOW - HOUR })],
    "logs.tail": ({ cursor }: { cursor?: number }) => ({
      cursor: 4,
      lines: cursor === undefined ? LOG : [],
      truncated: false,
      reset: false,
    }),
  };
}

/** Nothing was done yet. */
export function bareAnswers(): Answers {
  return {
    ...roomAnswers(),
    ...noSessions,
    ...noChannels,
    ...noApprovals,
    ...noMachines,
    "usage.cost": usage({
      daily: [],
      models: [],
      agents: [],
      budgets: [{ agentId: "main", name: "", perDayUsd: null, countedTodayUsd: 0 }],
      totals: NOTHING_SPENT,
    }),
    "models.list": { models: [], default: null, why: "no key is there" },
    "models.auth.list": { providers: PROVIDERS.filter(({ state, isVariableSet }) => state === "none" && !isVariableSet) },
    "config.get": documentOf({}),
    "agents.list": { agents: [{ id: "main", name: "Skerry" }] },
    "agents.files.list": { files: [] },
    "agents.files.get": ({ name }: { name: string }) => ({ file: { path: name, missing: true } }),
    "skills.status": { skills: [] },
    "device.pair.list": { pending: [], paired: [], logins: [browserLogin("this", true)] },
    status: {
      version: "0.1.0",
      uptimeMs: 4_000,
      connections: 1,
      model: { ref: null, advice: "Give a key to talk with a model." },
      sessions: { count: 0 },
    },
    "system-presence": [person("WebChat")],
    "logs.tail": { cursor: 0, lines: [], truncated: false, reset: false },
  };
}

function browserLogin(deviceId: string, isCurrent: boolean): BrowserLogin {
  const userAgent = isCurrent
    ? "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
    : "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
  const [createdAtMs, lastSeenAtMs] = [NOW - 3 * DAY, isCurrent ? NOW : NOW - DAY];
  return { deviceId, userAgent, remoteIp: "192.0.2.7", createdAtMs, lastSeenAtMs, expiresAtMs: NOW + 27 * DAY, isCurrent };
}

const FAILURE = refuse("Skerry cannot be reached. Check that it runs and that the address is right.");

/** Nothing answers: with a no, or not at all. */
export function failing(answer: unknown = FAILURE): Answers {
  return Object.fromEntries(Object.keys(roomAnswers()).map((method) => [method, answer]));
}

function contentOf(name: string): AgentFile & { content: string } {
  if (name === "big.log") return { ...file(name, 2_000_000), content: "" };
  if (name.startsWith("skills/"))
    return {
      ...file(name, 300, { isReadOnly: true }),
      content: "---\nname: tides\n---\n# Tides\n\nRead the table, then say when the channel is open.",
    };
  return { ...file(name, SOUL.length), content: SOUL };
}

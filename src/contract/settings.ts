// The settings document: its schema, its defaults, and nothing else. Keys follow openclaw.json where the meaning
// is the same. Unknown keys are refused, so that a slip of the pen is told and not silently ignored.
import * as z from "zod";
import { bindingsSettings, channelsSettings, commandsSettings, groupChatSettings, sessionSettings } from "./channels/settings.ts";
import { QUEUE_MODES, THINKING_LEVELS } from "./event.ts";
import { browserSettings } from "./home/browser-settings.ts";
import { approvalsSettings, execSettings, sandboxSettings, toolsSettings } from "./home/settings.ts";

const modelRef = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*\/\S+$/i, "must be provider/model, for example anthropic/claude-opus-4-6")
  .describe("A model, as provider/model.");

const modelChoice = z
  .union([modelRef, z.strictObject({ primary: modelRef, fallbacks: z.array(modelRef).max(10).optional() })])
  .describe("The model to ask first, and those to try when it cannot answer.");

const agentTools = z.strictObject({
  allow: z.array(z.string()).optional().describe("Only these tools or groups (group:fs, group:memory …)."),
  deny: z.array(z.string()).optional().describe("Never these; wins over allow."),
  exec: execSettings.optional(),
});

const agentSettings = z.strictObject({
  name: z.string().max(80).optional().describe("What people call the agent."),
  model: modelChoice.optional(),
  thinking: z.enum(THINKING_LEVELS).optional().describe("How hard the model thinks before it answers."),
  tools: agentTools.optional(),
  sandbox: sandboxSettings.optional(),
  timeZone: z
    .string()
    .refine(isTimeZone, "must be an IANA time zone such as Europe/Berlin")
    .optional()
    .describe("IANA time zone of the agent's owner."),
  budget: z
    .strictObject({
      perTurnUsd: z.number().positive().optional().describe("A turn is parked when it has cost this much."),
      perDayUsd: z
        .number()
        .positive()
        .optional()
        .describe("Turns are parked for the day when they have cost this much together."),
    })
    .optional()
    .describe("Most that the agent may spend on models, in US dollars."),
  compaction: z
    .strictObject({
      enabled: z.boolean().optional(),
      keepRecentTokens: z.int().min(1000).max(500_000).optional(),
      reserveTokens: z.int().min(1000).max(200_000).optional(),
    })
    .optional()
    .describe("When a talk outgrows the model's window, older parts are summarised."),
});

const modelOverride = z.strictObject({
  id: z.string().min(1),
  name: z.string().optional(),
  contextWindow: z.int().positive().optional(),
  maxTokens: z.int().positive().optional(),
  reasoning: z.boolean().optional(),
  input: z
    .array(z.enum(["text", "image", "document"]))
    .optional()
    .describe("What it reads beside text: pictures, PDF files."),
  cost: z
    .strictObject({
      input: z.number().min(0).optional(),
      output: z.number().min(0).optional(),
      cacheRead: z.number().min(0).optional(),
      cacheWrite: z.number().min(0).optional(),
    })
    .optional()
    .describe("US dollars per million tokens."),
});

const providerSettings = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Address of the service."),
  api: z.enum(["anthropic-messages", "openai-responses", "openai-completions"]).optional().describe("The protocol it speaks."),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, "must be the name of an environment variable, never the key itself")
    .optional()
    .describe("Name of the variable or secret that holds its key."),
  models: z.array(modelOverride).optional(),
});

export const settingsSchema = z.strictObject({
  $schema: z.string().optional(),
  agents: z
    .strictObject({
      defaults: agentSettings.optional().describe("What every agent starts from."),
      entries: z
        .record(
          z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "agent ids are lower case letters, digits, - and _"),
          agentSettings,
        )
        .optional()
        .describe("Agents by id; main is always there."),
    })
    .optional(),
  models: z
    .strictObject({ providers: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), providerSettings).optional() })
    .optional()
    .describe("Services beyond the catalogue, or other addresses for those in it."),
  messages: z
    .strictObject({
      queue: z
        .strictObject({
          mode: z.enum(QUEUE_MODES).optional().describe("What a message does while the agent is busy."),
          debounceMs: z.int().min(0).max(60_000).optional(),
          cap: z.int().min(1).max(200).optional(),
          drop: z.enum(["summarize", "old", "new"]).optional(),
        })
        .optional(),
      ackReaction: z.string().max(64).optional().describe("An emoji set on messages in groups as soon as they are accepted."),
      groupChat: groupChatSettings.optional(),
    })
    .optional(),
  channels: channelsSettings.optional(),
  session: sessionSettings.optional(),
  bindings: bindingsSettings.optional(),
  tools: toolsSettings.optional(),
  approvals: approvalsSettings.optional(),
  browser: browserSettings.optional(),
  commands: commandsSettings.optional(),
  skills: z
    .strictObject({ entries: z.record(z.string(), z.strictObject({ enabled: z.boolean().optional() })).optional() })
    .optional(),
  gateway: z
    .strictObject({
      controlUi: z
        .strictObject({
          allowedOrigins: z.array(z.url()).optional().describe("Origins, besides its own, whose pages may connect."),
        })
        .optional(),
      nodes: z
        .strictObject({
          commands: z
            .strictObject({ deny: z.array(z.string().max(128)).optional().describe("Commands that no home may be asked for.") })
            .optional(),
        })
        .optional()
        .describe("Machines at home that offer commands."),
      modelIdleMs: z.int().min(1000).max(600_000).optional().describe("A model stream silent for this long is cut."),
    })
    .optional(),
});

export type Settings = z.infer<typeof settingsSchema>;
export type AgentSettings = z.infer<typeof agentSettings>;

export const DEFAULT_SETTINGS: Settings = {};

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

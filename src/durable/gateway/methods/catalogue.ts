// What there is: agents, models, commands, tools, skills.
import type { Brief } from "../../../contract/admission.ts";
import { THINKING_LEVELS } from "../../../contract/event.ts";
import type { SessionRow } from "../../../contract/live.ts";
import { mainSessionKey } from "../../../contract/session-key.ts";
import { type Command, commands } from "../../agent/commands.ts";
import type { ModelInfo } from "../../models/port.ts";
import { selectTools, toolsFor } from "../../tools/list.ts";
import type { Tool } from "../../tools/port.ts";
import type { View } from "../live/views.ts";
import { type Call, type Handlers, nameSession, type SessionName } from "./method.ts";

type CatalogueMethod =
  | "agents.list"
  | "agent.identity.get"
  | "models.list"
  | "commands.list"
  | "tools.catalog"
  | "tools.effective"
  | "skills.status";

const GROUP_LABELS: Record<Tool["group"], string> = {
  fs: "Files",
  runtime: "Runtime",
  memory: "Memory",
  web: "Web",
  sessions: "Sessions",
  messaging: "Messaging",
};

export const catalogue: Handlers<CatalogueMethod> = {
  "agents.list": async (_params, { house }) => {
    const agents = await house.directory.agents();
    return {
      defaultId: agents.find((agent) => agent.isDefault)?.id ?? "main",
      mainKey: "main",
      scope: "per-sender",
      agents: await Promise.all(
        agents.map(async (agent) => ({
          id: agent.id,
          kind: "agent",
          name: agent.name,
          identity: { name: agent.name },
          model: { primary: house.chooseModels(await house.directory.brief(mainSessionKey(agent.id))).models[0]?.ref ?? null },
          thinkingLevels: viewThinking(true),
        })),
      ),
    };
  },

  "agent.identity.get": async (params, { house }) => {
    const { agentId } = nameSession(params.sessionKey, params.agentId);
    const agents = await house.directory.agents();
    const agent = agents.find((candidate) => candidate.id === agentId);
    return { agentId, name: agent?.name ?? agentId };
  },

  "models.list": async (params, call) => {
    const { key } = nameSession(undefined, params.agentId);
    const brief = await call.house.directory.brief(key);
    const chosen = call.house.chooseModels(brief);
    const first = chosen.models[0];
    const listed = call.house.listModels(brief);
    const all = first && !listed.some((model) => model.ref === first.ref) ? [{ ...first, isAvailable: true }, ...listed] : listed;
    return {
      models: all.map((model) => viewModel(model, model.isAvailable, model.ref === first?.ref)),
      default: first?.ref ?? null,
      why: chosen.why,
      ...(chosen.advice === undefined ? {} : { advice: chosen.advice }),
    };
  },

  "commands.list": () => ({
    commands: commands.map((command: Command) => ({
      name: command.name,
      nativeName: command.name,
      textAliases: [`/${command.name}`],
      description: command.description,
      category: "session",
      source: "native",
      scope: "both",
      acceptsArgs: command.args !== undefined,
      ...(command.args === undefined ? {} : { argsHint: command.args }),
      example: command.example,
    })),
  }),

  "tools.catalog": (params) => ({ agentId: params.agentId ?? "main", profiles: [], groups: viewTools(selectTools({})) }),

  "tools.effective": async (params, { house }) => {
    const name = nameSession(params.sessionKey, params.agentId);
    const brief = await house.directory.brief(name.key);
    return { agentId: name.agentId, profile: "full", groups: viewTools(toolsFor(brief)) };
  },

  "skills.status": async (params, { house }) => {
    const { key, agentId } = nameSession(undefined, params.agentId);
    const { skills: switches = {} } = await house.directory.brief(key);
    const skills = await house.workspace(agentId).skills(switches);
    return {
      agentId,
      skills: skills.map((skill) => ({
        name: skill.name,
        skillKey: skill.name,
        description: skill.description,
        source: skill.source,
        filePath: skill.path,
        disabled: switches[skill.name] === false,
        eligible: skill.isEnabled && skill.reason === undefined,
        ...(skill.reason === undefined ? {} : { reason: skill.reason }),
      })),
    };
  },
};

function viewTools(tools: readonly Tool[]): View[] {
  return [...new Set(tools.map((tool) => tool.group))].map((group) => ({
    id: group,
    label: GROUP_LABELS[group],
    source: "core",
    tools: tools
      .filter((tool) => tool.group === group)
      .map((tool) => ({ id: tool.name, label: tool.name, description: tool.label, source: "core", defaultProfiles: ["full"] })),
  }));
}

function viewThinking(isReasoning: boolean): View[] {
  return (isReasoning ? THINKING_LEVELS : ["off"]).map((level) => ({ id: level, label: level }));
}

function viewModel(model: ModelInfo, isAvailable: boolean, isDefault: boolean): View {
  return {
    id: model.id,
    ref: model.ref,
    name: model.name,
    provider: model.provider,
    contextWindow: model.contextWindow,
    maxTokens: model.maxTokens,
    ...(model.price === undefined ? {} : { cost: model.price }),
    input: viewInput(model),
    reasoning: model.isReasoning,
    thinkingLevels: viewThinking(model.isReasoning),
    tags: isDefault ? ["default", "configured"] : [],
    available: isAvailable,
    ...(isAvailable || model.apiKeyEnv === undefined ? {} : { unavailableReason: `${model.apiKeyEnv} is not set` }),
  };
}

function viewInput(model: ModelInfo): string[] {
  return ["text", ...(model.acceptsImages ? ["image"] : []), ...(model.acceptsDocuments ? ["document"] : [])];
}

/** What a session starts from when nothing was chosen for it. */
export async function viewDefaults(call: Call, name: SessionName): Promise<View> {
  return viewBrief(call, await call.house.directory.brief(name.key));
}

/** What a session starts from, and what the model can do that it would ask now. */
export async function viewSetting(call: Call, name: SessionName, row: () => Promise<SessionRow | undefined>): Promise<View> {
  const [brief, session] = await Promise.all([call.house.directory.brief(name.key), row()]);
  const model = call.house.sessionModel(brief, session?.modelOverride);
  return {
    defaults: viewBrief(call, brief),
    sessionModel: model
      ? { ref: model.ref, name: model.name, input: viewInput(model), thinkingLevels: viewThinking(model.isReasoning) }
      : null,
  };
}

function viewBrief(call: Call, brief: Brief): View {
  const first = call.house.chooseModels(brief).models[0];
  return {
    modelProvider: first?.provider ?? null,
    model: first?.id ?? null,
    contextTokens: first?.contextWindow ?? null,
    thinkingLevels: viewThinking(first?.isReasoning ?? false),
    thinkingDefault: brief.thinking ?? "off",
    agentName: brief.agentName,
  };
}

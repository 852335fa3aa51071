// Session keys: `agent:<agent>:<rest>`. The rest says where the talk takes place (design, section 6).
// Keys are compared in lower case; platform ids inside them are lowered too.

export const MAX_SESSION_KEY_LENGTH = 512;
export const DEFAULT_AGENT_ID = "main";

export interface SessionKeyParts {
  agentId: string;
  /** What follows the agent: "main", "telegram:dm:42", "cron:daily", or a name a screen chose. */
  rest: string;
}

const AGENT_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export function isAgentId(id: string): boolean {
  return AGENT_ID.test(id);
}

export function mainSessionKey(agentId: string = DEFAULT_AGENT_ID): string {
  return `agent:${agentId}:main`;
}

/**
 * Reads a key in any of the forms clients send: a whole key, "main", or a bare name.
 * A bare name belongs to `agentId`. Answers undefined when the key cannot name a session.
 */
export function parseSessionKey(text: string, agentId: string = DEFAULT_AGENT_ID): SessionKeyParts | undefined {
  const key = text.trim().toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  if (key === "" || key.length > MAX_SESSION_KEY_LENGTH || /[\u0000-\u001f\u007f]/.test(key)) return undefined;
  if (!key.startsWith("agent:")) return { agentId, rest: key };
  const [, agent = "", ...rest] = key.split(":");
  return isAgentId(agent) && rest.join(":") !== "" ? { agentId: agent, rest: rest.join(":") } : undefined;
}

export function formatSessionKey(parts: SessionKeyParts): string {
  return `agent:${parts.agentId}:${parts.rest}`;
}

const PROGRAM = "openai-once:";

/** The session of one request at the OpenAI door that named none. */
export function programSessionKey(agentId: string, id: string): string {
  return formatSessionKey({ agentId, rest: PROGRAM + id });
}

/** Kind of talk, read from the key alone. */
export function sessionKind(key: string): "main" | "direct" | "group" | "cron" | "hook" | "subagent" | "program" | "custom" {
  const rest = parseSessionKey(key)?.rest ?? "";
  if (rest === "main") return "main";
  if (rest.startsWith("cron:")) return "cron";
  if (rest.startsWith("hook:")) return "hook";
  if (rest.startsWith("subagent:")) return "subagent";
  if (rest.startsWith(PROGRAM)) return "program";
  if (/:group:/.test(rest)) return "group";
  if (/:dm:/.test(rest)) return "direct";
  return "custom";
}

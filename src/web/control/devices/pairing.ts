// What `device.pair.list` answers, and what a device's scopes mean in words.
export interface PendingDevice {
  requestId: string;
  deviceId: string;
  displayName: string;
  platform?: string;
  scopes: string[];
  remoteIp?: string;
  ts: number;
}
export interface PairedDevice {
  deviceId: string;
  displayName: string;
  platform?: string;
  roles: string[];
  scopes: string[];
  createdAtMs: number;
  lastSeenAtMs: number;
  tokens: { role: string; revokedAtMs?: number }[];
}
export interface PairingList {
  pending: PendingDevice[];
  paired: PairedDevice[];
}

const SCOPE_WORDS: Record<string, string> = {
  "operator.admin": "change everything",
  "operator.read": "read",
  "operator.write": "talk to the agent",
  "operator.approvals": "approve what the agent asks for",
  "operator.pairing": "let devices in",
  "operator.questions": "answer questions",
  "operator.talk": "speak",
  "operator.talk.secrets": "use voice keys",
};

/** What someone with these scopes may do; whoever may change everything needs no list. */
export function describeScopes(scopes: readonly string[]): string {
  if (scopes.includes("operator.admin")) return "change everything, read and talk";
  const words = scopes.map((scope) => SCOPE_WORDS[scope] ?? scope);
  if (words.length === 0) return "connect, nothing more";
  const last = words.at(-1) ?? "";
  return words.length === 1 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

export function isRevoked({ tokens }: Pick<PairedDevice, "tokens">): boolean {
  return tokens.length > 0 && tokens.every((token) => token.revokedAtMs !== undefined);
}

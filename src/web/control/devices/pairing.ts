// What `device.pair.list` answers, and what a device's scopes mean in words.
export interface PendingDevice {
  requestId: string;
  deviceId: string;
  displayName: string;
  platform?: string;
  /** `node`: a machine at home. */
  role?: string;
  scopes: string[];
  /** Of a machine: what it would offer, and what it shows so that one knows it. */
  commands?: string[];
  code?: string;
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
  remoteIp?: string;
  isCurrent?: boolean;
  tokens: { role: string; revokedAtMs?: number }[];
}
/** A browser that logged in with a link or the token. */
export interface BrowserLogin {
  deviceId: string;
  userAgent: string;
  remoteIp: string;
  createdAtMs: number;
  lastSeenAtMs: number;
  expiresAtMs: number;
  isCurrent: boolean;
}
export interface PairingList {
  pending: PendingDevice[];
  paired: PairedDevice[];
  logins: BrowserLogin[];
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

const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/Chrome\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMacintosh\b/, "Mac"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** "Firefox on Linux"; what the browser says of itself, so only a hint. */
export function nameBrowser(userAgent: string): string {
  const find = (names: readonly [RegExp, string][]) => names.find(([sign]) => sign.test(userAgent))?.[1];
  const browser = find(BROWSERS) ?? (userAgent === "" ? "A browser" : (/^[\w.-]+/.exec(userAgent)?.[0] ?? "A browser"));
  const system = find(SYSTEMS);
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** Where someone connects from, in words. */
export function describeAddress(address: string | undefined): string {
  if (address === undefined || address === "" || address === "unknown") return "";
  return address === "local" ? "from this machine" : `from ${address}`;
}

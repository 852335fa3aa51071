// The settings document as rooms read and change it. A change names the state it was made from; when somebody else was
// quicker it is refused, and the room reads again.
import { GatewayError } from "../../../contract/errors.ts";
import type { Desk } from "../../state/desk.ts";
import { read } from "../parts/fetched.ts";

export interface SettingsDoc {
  raw: string;
  parsed: Record<string, unknown>;
  hash: string;
}

export interface Refusal {
  message: string;
  isConflict: boolean;
  /** By dotted path; "" is the whole document. */
  issues: ReadonlyMap<string, string>;
}

export function readSettings(desk: Desk): Promise<SettingsDoc> {
  return read<SettingsDoc, "config.get">(desk, "config.get", {});
}

export function patchSettings(desk: Desk, patch: Record<string, unknown>, baseHash: string): Promise<SettingsDoc> {
  return desk.client.request<SettingsDoc>("config.patch", { patch, baseHash });
}

export function setSettings(desk: Desk, raw: string, baseHash: string): Promise<SettingsDoc> {
  return desk.client.request<SettingsDoc>("config.set", { raw, baseHash });
}

export function readRefusal(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof GatewayError)) return { message, isConflict: false, issues: new Map() };
  const issues = error.data.details?.["issues"];
  const pairs = Array.isArray(issues) ? issues.flatMap((issue) => readIssue(issue)) : [];
  return { message, isConflict: error.data.code === "CONFLICT", issues: new Map(pairs) };
}

function readIssue(issue: unknown): [string, string][] {
  if (typeof issue !== "object" || issue === null || !("path" in issue) || !("reason" in issue)) return [];
  return [[String(issue.path), String(issue.reason)]];
}

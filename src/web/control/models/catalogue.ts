// What the Gateway says of models and keys, as this room reads it.
import type { Desk } from "../../state/desk.ts";
import { readSettings, type SettingsDoc } from "../editing/document.ts";
import { read } from "../parts/fetched.ts";

export interface ModelRow {
  id: string;
  ref: string;
  name: string;
  provider: string;
  contextWindow: number;
  input: readonly string[];
  reasoning: boolean;
  available: boolean;
  unavailableReason?: string;
  /** US dollars per million tokens. */
  cost?: { input: number; output: number };
}

export interface ProviderRow {
  provider: string;
  name: string;
  /** How many of its models are known. */
  models: number;
  needsKey: boolean;
  variable?: string;
  isVariableSet?: boolean;
  state: "none" | "set" | "unreadable";
  masked?: string;
  setAtMs?: number;
}

export interface KeyTest {
  outcome: string;
  message: string;
}

export interface Catalogue {
  models: readonly ModelRow[];
  /** What answers now, and why. */
  current: string | null;
  why: string;
  providers: readonly ProviderRow[];
  settings: SettingsDoc;
}

export interface ChosenModels {
  primary: string | undefined;
  fallbacks: readonly string[];
  thinking: string | undefined;
}

export async function readCatalogue(desk: Desk): Promise<Catalogue> {
  const [listed, auth, settings] = await Promise.all([
    read<{ models: ModelRow[]; default: string | null; why: string }, "models.list">(desk, "models.list", {}),
    read<{ providers: ProviderRow[] }, "models.auth.list">(desk, "models.auth.list", {}),
    readSettings(desk),
  ]);
  return { models: listed.models, current: listed.default, why: listed.why, providers: auth.providers, settings };
}

/** What the settings choose for every agent. */
export function readChosen(parsed: Record<string, unknown>): ChosenModels {
  const { model, thinking } = asRecord(asRecord(parsed["agents"])["defaults"]) as { model?: unknown; thinking?: unknown };
  const { primary, fallbacks } = asRecord(model);
  return {
    primary: typeof model === "string" ? model : typeof primary === "string" ? primary : undefined,
    fallbacks: Array.isArray(fallbacks) ? fallbacks.filter((ref) => typeof ref === "string") : [],
    thinking: typeof thinking === "string" ? thinking : undefined,
  };
}

/** The merge patch that makes the settings choose this. */
export function patchFor({ primary, fallbacks, thinking }: ChosenModels): Record<string, unknown> {
  const model = primary === undefined ? null : fallbacks.length === 0 ? primary : { primary, fallbacks };
  return { agents: { defaults: { model, thinking: thinking ?? null } } };
}

export function describeTokens(tokens: number): string {
  if (tokens >= 1_000_000) return `${Math.round(tokens / 100_000) / 10}M`;
  return `${Math.round(tokens / 1000)}k`;
}

export function describePrice(usd: number | undefined): string {
  if (usd === undefined) return "not known";
  if (usd === 0) return "free";
  return `$${usd < 0.1 ? usd.toFixed(3) : usd.toFixed(2)}`;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

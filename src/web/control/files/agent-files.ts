// The agent's files as this room lists them: those that make it who it is first, then its memory, then the rest.
import type { Desk } from "../../state/desk.ts";
import { read } from "../parts/fetched.ts";

export interface AgentFile {
  path: string;
  size: number;
  updatedAtMs: number;
  version: number;
  isReadOnly: boolean;
  content?: string;
  missing: boolean;
}

export interface FileGroup {
  title: string;
  files: readonly { path: string; note: string; isMissing: boolean }[];
}

export interface AgentName {
  id: string;
  name: string;
}

/** In the order in which the agent reads them. */
const SHAPING: Readonly<Record<string, string>> = {
  "SOUL.md": "Character and voice",
  "IDENTITY.md": "Name and appearance",
  "USER.md": "What it knows of you",
  "AGENTS.md": "Rules for its work",
  "TOOLS.md": "Notes on its tools",
  "MEMORY.md": "What it always remembers",
};
const FIRST_RUN = { path: "BOOTSTRAP.md", note: "The first meeting; gone when it is over" };
/** More than this is written by programs, not by hand. */
export const MAX_EDITED_BYTES = 900_000;

export function isShaping(path: string): boolean {
  return path in SHAPING || path === FIRST_RUN.path;
}

export async function readFiles(desk: Desk, agentId: string): Promise<AgentFile[]> {
  const answer = await read<{ files: AgentFile[] }, "agents.files.list">(desk, "agents.files.list", { agentId });
  return answer.files;
}

export async function readFile(desk: Desk, agentId: string, name: string): Promise<AgentFile> {
  const answer = await read<{ file: Partial<AgentFile> }, "agents.files.get">(desk, "agents.files.get", { agentId, name });
  return { path: name, size: 0, updatedAtMs: 0, version: 0, isReadOnly: false, missing: false, ...answer.file };
}

export async function readAgents(desk: Desk): Promise<AgentName[]> {
  const answer = await read<{ agents: AgentName[] }, "agents.list">(desk, "agents.list", {});
  return answer.agents;
}

/** What came with Skerry is left out: skills have a room of their own. */
export function groupFiles(files: readonly AgentFile[]): FileGroup[] {
  const own = files.filter((file) => !file.isReadOnly);
  const has = (path: string) => own.some((file) => file.path === path);
  const shaping = Object.entries(SHAPING).map(([path, note]) => ({ path, note, isMissing: !has(path) }));
  const first = has(FIRST_RUN.path) ? [{ ...FIRST_RUN, isMissing: false }] : [];
  const others = own.filter((file) => !isShaping(file.path));
  const row = (file: AgentFile) => ({ path: file.path, note: describeSize(file.size), isMissing: false });
  const memory = others.filter((file) => file.path.startsWith("memory/")).toSorted((a, b) => (a.path < b.path ? 1 : -1));
  const rest = others.filter((file) => !file.path.startsWith("memory/"));
  return [
    { title: "Who the agent is", files: [...first, ...shaping] },
    { title: "Memory", files: memory.map(row) },
    { title: "Other files", files: rest.map(row) },
  ].filter((group) => group.files.length > 0);
}

/** Why a text cannot be edited here; undefined when it can. */
export function whyNotEditable(file: AgentFile): string | undefined {
  if (file.size > MAX_EDITED_BYTES)
    return `This file has ${describeSize(file.size)}, too much to edit here. Ask the agent to work on it.`;
  if (/[\0\uFFFD]/.test(file.content ?? "")) return "This file is no text, so it cannot be edited here.";
  return undefined;
}

export function describeSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

// Texts that were changed and not saved, kept while one looks at another file or room; leaving the page with some asks.
export interface Draft {
  text: string;
  /** What it was made from. */
  base: string;
  version: number;
}

const drafts = new Map<string, Draft>();

export function draftOf(agentId: string, path: string): Draft | undefined {
  return drafts.get(nameOf(agentId, path));
}

export function keepDraft(agentId: string, path: string, draft: Draft | undefined): void {
  if (draft === undefined || draft.text === draft.base) drafts.delete(nameOf(agentId, path));
  else drafts.set(nameOf(agentId, path), draft);
  if (drafts.size > 0) addEventListener("beforeunload", warn);
  else removeEventListener("beforeunload", warn);
}

function nameOf(agentId: string, path: string): string {
  return `${agentId}:${path}`;
}

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

// A skill as the Gateway tells of it, and its page without the head that only the agent needs.
export interface SkillRow {
  name: string;
  skillKey: string;
  description: string;
  source: "bundled" | "workspace";
  filePath: string;
  disabled: boolean;
  eligible: boolean;
  reason?: string;
}

/** Why it is not offered. */
export function skillNote(skill: SkillRow): string | undefined {
  if (skill.disabled) return "it is switched off";
  return skill.eligible ? undefined : (skill.reason ?? "it is not offered");
}

export function withoutHead(text: string): string {
  return text.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, "").trim();
}

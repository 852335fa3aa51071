// The skills that come with Skerry, by the path at which every workspace shows them. A new one: a folder in skills/ and two lines here.
import github from "../../../skills/github/SKILL.md";
import memory from "../../../skills/memory/SKILL.md";
import planDay from "../../../skills/plan-day/SKILL.md";
import research from "../../../skills/research/SKILL.md";
import skillCreator from "../../../skills/skill-creator/SKILL.md";
import summarize from "../../../skills/summarize/SKILL.md";
import translate from "../../../skills/translate/SKILL.md";
import weather from "../../../skills/weather/SKILL.md";

export const BUNDLED_SKILLS: Readonly<Record<string, string>> = {
  "skills/github/SKILL.md": github,
  "skills/memory/SKILL.md": memory,
  "skills/plan-day/SKILL.md": planDay,
  "skills/research/SKILL.md": research,
  "skills/skill-creator/SKILL.md": skillCreator,
  "skills/summarize/SKILL.md": summarize,
  "skills/translate/SKILL.md": translate,
  "skills/weather/SKILL.md": weather,
};

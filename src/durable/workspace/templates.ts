// What a new workspace starts with. Short on purpose: all of it is part of every request.
import agents from "./templates/AGENTS.md";
import bootstrap from "./templates/BOOTSTRAP.md";
import identity from "./templates/IDENTITY.md";
import memory from "./templates/MEMORY.md";
import soul from "./templates/SOUL.md";
import tools from "./templates/TOOLS.md";
import user from "./templates/USER.md";

export const TEMPLATES: Readonly<Record<string, string>> = {
  "AGENTS.md": agents,
  "SOUL.md": soul,
  "TOOLS.md": tools,
  "IDENTITY.md": identity,
  "USER.md": user,
  "MEMORY.md": memory,
  "BOOTSTRAP.md": bootstrap,
};

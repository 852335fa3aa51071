// Getting acquainted in a new workspace: "I'm Ada, call yourself Kelp" becomes USER.md and IDENTITY.md, and the
// first-run page goes when both names are known.

import type { DemoPlan, DemoTurn, PlannedCall } from "./talk.ts";

const NAME = String.raw`([\p{Lu}][\p{L}\p{M}'’-]{0,30}(?:\s[\p{Lu}][\p{L}\p{M}'’-]{1,30})?)`;
const PERSON = new RegExp(String.raw`(?:[Mm]y name is|[Ii] am|[Ii]['’]m|[Cc]all me|[Tt]his is|[Mm]y name['’]s)\s+${NAME}`, "u");
const AGENT = new RegExp(
  String.raw`(?:[Cc]all yourself|[Yy]our name (?:is|shall be|should be|will be)|[Yy]ou are|[Yy]ou['’]re|[Yy]ou(?: shall| should| can| will)? be(?: called)?|(?:[Ii]['’]ll|[Ii] will|[Ll]et me) call you|name yourself)\s+${NAME}`,
  "u",
);

export interface Names {
  person?: string;
  agent?: string;
}

export function readNames(said: string): Names {
  const person = PERSON.exec(said)?.[1];
  const agent = AGENT.exec(said)?.[1];
  return { ...(person ? { person } : {}), ...(agent ? { agent } : {}) };
}

/** Absent: the message is about something else. */
export function planIntroduction(turn: DemoTurn): DemoPlan | undefined {
  const names = readNames(turn.said);
  if (!names.person && !names.agent) return undefined;
  if (!turn.hasTool("write")) return { topic: "introduction-thin", steps: [] };
  const files: PlannedCall[] = [];
  if (names.person) files.push(file("USER.md", `# USER.md\n\n- Name: ${names.person}\n- Call them: ${names.person}\n`));
  if (names.agent)
    files.push(
      file("IDENTITY.md", `# IDENTITY.md\n\n- Name: ${names.agent}\n- Nature: a small assistant\n- Vibe: calm, helpful\n`),
    );
  const isDone = turn.isFirstRun && names.person && names.agent && turn.hasTool("exec");
  const steps = isDone ? [files, [{ name: "exec", args: { command: "rm -f BOOTSTRAP.md" } }]] : [files];
  return { topic: "introduction", steps, opening: "Nice to meet you. I write that down." };
}

function file(path: string, content: string): PlannedCall {
  return { name: "write", args: { path, content } };
}

// `skerry doctor`: looks at everything a person would look at, says what is wrong and what to do, changes nothing.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { StatusAnswer } from "../../client/frames.ts";
import { findStateDir } from "../local/state.ts";
import { EXIT, explainFailure } from "./exit-code.ts";
import { nameChannel, type Question, withClient } from "./question.ts";

interface Finding {
  what: string;
  isGood: boolean;
  /** What was found, and what to do when it is not good. */
  said: string;
}

export async function examine(question: Question, environment: NodeJS.ProcessEnv): Promise<number> {
  const findings = [...examineMachine(environment), ...(await examineSkerry(question))];
  if (question.isJson) question.terminal.print(JSON.stringify(findings));
  else question.terminal.print(findings.map(({ what, isGood, said }) => `${isGood ? "✓" : "✗"} ${what}: ${said}`).join("\n"));
  return findings.every((finding) => finding.isGood) ? EXIT.ok : EXIT.failed;
}

function examineMachine(environment: NodeJS.ProcessEnv): Finding[] {
  const stateDir = findStateDir(environment);
  const findings: Finding[] = [{ what: "Node", isGood: true, said: process.version }];
  if (!existsSync(stateDir))
    return [...findings, { what: "State", isGood: true, said: `${stateDir} is not there yet; npm start makes it.` }];
  try {
    accessSync(stateDir, constants.R_OK | constants.W_OK);
    const others = statSync(stateDir).mode & 0o077;
    findings.push(
      others === 0
        ? { what: "State", isGood: true, said: `${stateDir}, readable by you alone` }
        : { what: "State", isGood: false, said: `${stateDir} can be read by others; run chmod 700 ${stateDir}` },
    );
  } catch {
    findings.push({
      what: "State",
      isGood: false,
      said: `${stateDir} cannot be written; give yourself the right, or set SKERRY_STATE_DIR`,
    });
  }
  const token = join(stateDir, "token");
  if (existsSync(token) && (statSync(token).mode & 0o077) !== 0) {
    findings.push({ what: "Token", isGood: false, said: `${token} can be read by others; run chmod 600 ${token}` });
  }
  return findings;
}

async function examineSkerry(question: Question): Promise<Finding[]> {
  const { url } = question.reach;
  try {
    const startedAt = Date.now();
    const { status, settings } = await withClient(question, async (client) => ({
      status: await client.request<StatusAnswer>("status", {}),
      settings: await client.request<{ valid?: boolean; hash: string }>("config.get", {}),
    }));
    const { model } = status;
    return [
      { what: "Skerry", isGood: true, said: `${status.version} answers at ${url} in ${Date.now() - startedAt} ms` },
      {
        what: "Settings",
        isGood: settings.valid !== false,
        said: settings.valid === false ? "do not fit the schema; see skerry config schema" : "fit the schema",
      },
      model?.ref
        ? {
            what: "Model",
            isGood: true,
            said: `${model.ref}${model.why ? ` (${model.why})` : ""}${model.advice ? `. ${model.advice}` : ""}`,
          }
        : { what: "Model", isGood: false, said: model?.advice ?? "none; give a key in the page under Models and keys" },
      ...(status.channels ?? []).map((channel) => ({ what: nameChannel(channel), isGood: channel.isWell, said: channel.said })),
    ];
  } catch (error) {
    const explained = explainFailure(error, url);
    if (!explained) throw error;
    return [{ what: "Skerry", isGood: false, said: explained.text }];
  }
}

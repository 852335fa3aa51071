// The frame of a command of this folder: its help, its refusals on the error output with exit code 1, and leaving.
import { Left } from "./dialog.ts";

/** `work` answers nothing when all went well, the wish for help, or a refusal. */
export async function explainUsage(
  usage: string,
  work: () => Promise<{ help: true } | { outcome: string; reason?: string }>,
): Promise<void> {
  try {
    const said = await work();
    if ("help" in said) console.log(usage);
    else if (said.outcome === "refused") fail(said.reason ?? "It was refused.");
  } catch (error) {
    if (error instanceof Left) {
      console.error("Left. What was done so far stays; the same command goes on from there.");
      process.exitCode = 130;
    } else if (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) {
      fail(`${error.message}\n\n${usage}`, 2);
    } else fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(reason: string, code = 1): void {
  console.error(reason);
  process.exitCode = code;
}

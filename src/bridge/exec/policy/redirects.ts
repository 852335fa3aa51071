// Which files a command may be joined with by < > >>: the empty device, and plain files that may be read, or written to, without a
// question. A link there is none of them, because it leads elsewhere.
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Redirect } from "./line.ts";

export type RedirectVerdict = { outcome: "fine"; redirect: Redirect } | { outcome: "not"; reason: string };

/** Where an absolute path leads, and whether it is open for that. Contract: throws where nobody may go. */
export type Locate = (path: string, purpose: "read" | "write") => Promise<{ real: string; isOpen: boolean }>;

/** Without `locate` no file is reached. */
export async function judgeRedirect(
  redirect: Redirect,
  workdir: string | undefined,
  locate: Locate | undefined,
): Promise<RedirectVerdict> {
  const { operator, target } = redirect;
  if (operator === ">&" || operator === "<&") return { outcome: "fine", redirect };
  if (target === "/dev/null") return { outcome: "fine", redirect };
  const isReading = operator === "<";
  const what = isReading ? "reads" : "writes";
  if (!isAbsolute(target) && workdir === undefined)
    return { outcome: "not", reason: `${what} a file of a folder that is not known` };
  const path = resolve(workdir ?? "/", target);
  const no: RedirectVerdict = { outcome: "not", reason: `${what} the file ${path}` };
  if (!locate || target === "" || target.endsWith("/")) return no;
  try {
    const { real, isOpen } = await locate(path, isReading ? "read" : "write");
    if (!isOpen || real !== join(await realpath(dirname(path)), basename(path))) return no;
    const entry = await lstat(real).catch(() => undefined);
    // A file of two names may be one of another folder.
    if (entry ? !entry.isFile() || entry.nlink > 1 : isReading) return no;
    return { outcome: "fine", redirect: { ...redirect, target: real } };
  } catch {
    return no;
  }
}

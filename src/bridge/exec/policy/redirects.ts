// Which files a command may be joined with by < > >>: the empty device, and files in folders that the owner named. A link there
// is none of them, because it leads elsewhere.
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Redirect } from "./line.ts";

export type RedirectVerdict = { outcome: "fine"; redirect: Redirect } | { outcome: "not"; reason: string };

export async function judgeRedirect(
  redirect: Redirect,
  workdir: string | undefined,
  folders: readonly string[],
): Promise<RedirectVerdict> {
  const { operator, target } = redirect;
  if (operator === ">&" || operator === "<&") return { outcome: "fine", redirect };
  if (target === "/dev/null") return { outcome: "fine", redirect };
  const what = operator === "<" ? "reads" : "writes";
  if (!isAbsolute(target) && workdir === undefined)
    return { outcome: "not", reason: `${what} a file of a folder that is not known` };
  const path = resolve(workdir ?? "/", target);
  const no: RedirectVerdict = { outcome: "not", reason: `${what} the file ${path}` };
  try {
    const real = join(await realpath(dirname(path)), basename(path));
    if (target === "" || target.endsWith("/") || !folders.some((folder) => real.startsWith(`${folder.replace(/\/+$/, "")}/`)))
      return no;
    const entry = await lstat(real).catch(() => undefined);
    // A file of two names may be one of another folder.
    if (entry ? !entry.isFile() || entry.nlink > 1 : operator === "<") return no;
    return { outcome: "fine", redirect: { ...redirect, target: real } };
  } catch {
    return no;
  }
}

// Programs of others that a line starts: where they lie on this machine.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** The first of that name on the PATH, or in one of `further`, where a service's PATH often does not reach. */
export function findProgram(name: string, further: readonly string[] = [], path = process.env["PATH"] ?? ""): string | undefined {
  const folders = [...path.split(delimiter), ...further].filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find(isRunnable);
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

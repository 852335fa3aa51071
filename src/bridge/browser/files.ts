// Files on their way between a browser here and Skerry's object store: a moment in a folder of our own, then gone.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserFile } from "../../browser/answer.ts";
import type { BrowserDo, BrowserDone } from "../../contract/home/browser.ts";
import type { Transfer } from "../home-command.ts";

export async function bringFiles(dir: string, files: BrowserDo["files"], transfer: Transfer): Promise<BrowserFile[]> {
  if (files.length === 0) return [];
  return inFolder(dir, async (folder) => {
    const brought: BrowserFile[] = [];
    for (const { key, name, type } of files) {
      const path = join(folder, String(brought.length));
      await transfer.take(key, path);
      brought.push({ name, type, bytes: new Uint8Array(await readFile(path)) });
    }
    return brought;
  });
}

export async function giveFiles(dir: string, files: readonly BrowserFile[], transfer: Transfer): Promise<BrowserDone["files"]> {
  if (files.length === 0) return [];
  return inFolder(dir, async (folder) => {
    const given: BrowserDone["files"] = [];
    for (const { name, bytes } of files) {
      const path = join(folder, String(given.length));
      await writeFile(path, bytes, { mode: 0o600 });
      const { key, type, size } = await transfer.give(path, name);
      given.push({ key, type, size, name });
    }
    return given;
  });
}

async function inFolder<T>(dir: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(dir, "files-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

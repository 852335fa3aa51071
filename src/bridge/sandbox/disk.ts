// How much room there is on the disk that sandboxes may fill: bytes, and numbers for new files, of which many file systems have
// only so many.
import { statfs } from "node:fs/promises";

/** With less than this left on the disk nothing is begun. */
export const MIN_FREE_BYTES = 512 * 1024 * 1024;
/** As a share of all files that the disk can hold. */
const MIN_FREE_FILES = 1 / 50;

export interface DiskRoom {
  freeBytes: number;
  /** What the disk can hold; 0 where it has no bound, or does not say. */
  files: number;
  freeFiles: number;
}

/** Undefined where it cannot be known. */
export async function roomOf(folder: string): Promise<DiskRoom | undefined> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(folder);
    return { freeBytes: bavail * bsize, files, freeFiles: ffree };
  } catch {
    return undefined;
  }
}

/** Why nothing should be begun there, as a part of a sentence; undefined: there is room. */
export function explainLack(room: DiskRoom | undefined, minFreeBytes: number): string | undefined {
  if (room === undefined) return undefined;
  const { freeBytes, files, freeFiles } = room;
  if (freeBytes < minFreeBytes) return `The disk of this machine is nearly full (${Math.floor(freeBytes / 1024 / 1024)} MB left)`;
  if (files === 0 || freeFiles >= files * MIN_FREE_FILES) return undefined;
  return `The disk of this machine can hold only ${freeFiles} more files`;
}

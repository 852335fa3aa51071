// Waits until an address answers with a version: a new address takes a moment, and so does a new version everywhere.
import type { Dialog } from "./dialog.ts";

const TRIES = 24;
const PAUSE_MS = 2500;

export interface Asking {
  dialog: Dialog;
  /** The version that answers at the address; undefined when nobody does. */
  askVersion(url: string): Promise<string | undefined>;
  pause?(ms: number): Promise<void>;
}

export function awaitVersion({ dialog, askVersion, pause = wait }: Asking, url: string, version: string): Promise<boolean> {
  return dialog.wait(`Waiting until ${version} answers at ${url}`, async () => {
    for (let tries = 0; tries < TRIES; tries++) {
      if ((await askVersion(url)) === version) return true;
      await pause(PAUSE_MS);
    }
    return false;
  });
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

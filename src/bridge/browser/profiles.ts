// Profiles: folders with a browser's cookies and logins, one each, for this machine's owner alone to read. Their names come from
// outside and are checked where calls are read (contract/home/browser.ts): no separator, no dot.
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

export class Profiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes it when it is not there. */
  open(name: string): string {
    const dir = this.#pathOf(name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const own of [this.#dir, dir]) if ((statSync(own).mode & 0o077) !== 0) chmodSync(own, 0o700);
    return dir;
  }

  list(): { name: string; usedAt: number }[] {
    if (!existsSync(this.#dir)) return [];
    return readdirSync(this.#dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
      .map(({ name }) => ({ name, usedAt: statSync(join(this.#dir, name)).mtimeMs }))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  /** Not while a browser uses it. Answers whether there was one. */
  clear(name: string): boolean {
    const dir = this.#pathOf(name);
    const wasThere = existsSync(dir);
    // Processes of a browser that has just ended may still hold a file.
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    return wasThere;
  }

  #pathOf(name: string): string {
    if (!NAME.test(name)) throw new TypeError(`${name} is no name of a profile`);
    return join(this.#dir, name);
  }
}

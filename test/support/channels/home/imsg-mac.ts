// A Mac with the program imsg, in a folder: its book of messages, what is switched on there, what was asked. The program itself is imsg-main.ts,
// found as `imsg` in `bin`; the book is there also while no program runs.
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface MacSettings {
  hasBridge: boolean;
  sip: "enabled" | "disabled" | "unknown";
  /** macOS does not let it read. */
  noAccess?: boolean;
  /** macOS does not let it write. */
  noAutomation?: boolean;
  isGone?: boolean;
  /** It answers nothing. */
  isMute?: boolean;
  /** Its subscription tells nothing. */
  isDeaf?: boolean;
}

export interface MacRow {
  id: number;
  guid: string;
  chat_id: number;
  chat_guid: string;
  chat_identifier: string;
  chat_name: string;
  participants: string[];
  is_group: boolean;
  sender: string;
  is_from_me: boolean;
  text: string;
  created_at: string;
  attachments: Record<string, unknown>[];
  reactions: unknown[];
  [more: string]: unknown;
}

export function readBook(dir: string): MacRow[] {
  const path = join(dir, "book.jsonl");
  if (!existsSync(path)) return [];
  // The last line may be on its way.
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

export function isReaction(row: MacRow): boolean {
  return row["is_reaction"] === true;
}

export function writeRow(dir: string, row: Partial<MacRow> & { chat_guid: string }): MacRow {
  const book = readBook(dir);
  const id = (book.at(-1)?.id ?? 0) + 1;
  const known = book.find(({ chat_guid }) => chat_guid === row.chat_guid)?.chat_id;
  const whole: MacRow = {
    id,
    guid: `GUID-${id}`,
    chat_id: known ?? new Set(book.map(({ chat_id }) => chat_id)).size + 1,
    chat_identifier: row.chat_guid.split(";").at(-1) ?? "",
    chat_name: "",
    participants: [],
    is_group: row.chat_guid.includes(";+;"),
    sender: "",
    is_from_me: false,
    text: "",
    created_at: new Date().toISOString(),
    attachments: [],
    reactions: [],
    ...row,
  };
  appendFileSync(join(dir, "book.jsonl"), `${JSON.stringify(whole)}\n`);
  return whole;
}

export class ImsgMac {
  readonly dir: string;
  /** As HOME for whoever runs on this Mac. */
  readonly home: string;

  constructor(dir: string) {
    this.dir = dir;
    this.home = join(dir, "home");
    mkdirSync(join(dir, "bin"), { recursive: true });
    mkdirSync(join(this.home, "Library/Messages/Attachments"), { recursive: true });
    this.set({ hasBridge: true, sip: "enabled" });
    const program = join(this.bin, "imsg");
    const main = join(import.meta.dirname, "imsg-main.ts");
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' '${dir}' "$@"\n`);
    chmodSync(program, 0o755);
  }

  get bin(): string {
    return join(this.dir, "bin");
  }

  get book(): MacRow[] {
    return readBook(this.dir);
  }

  get uploads(): { name: string; bytes: Buffer }[] {
    return this.#lines<{ name: string; bytes: string }>("uploads.jsonl").map(({ name, bytes }) => ({
      name,
      bytes: Buffer.from(bytes, "base64"),
    }));
  }

  /** The programs that were started for the line, oldest first. */
  get pids(): number[] {
    return this.#lines<number>("pids");
  }

  set(change: Partial<MacSettings>): void {
    const path = join(this.dir, "settings.json");
    const now = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
    // Whole at any moment: the program reads it when it likes.
    writeFileSync(`${path}.new`, JSON.stringify({ ...now, ...change }));
    renameSync(`${path}.new`, path);
  }

  receive(text: string, from: string, more: Partial<MacRow> = {}): string {
    const participants = [from];
    return writeRow(this.dir, { chat_guid: `iMessage;-;${from}`, sender: from, text, participants, ...more }).guid;
  }

  /** A file that somebody sent, as it lies on the Mac. */
  keepFile(name: string, bytes: Buffer): Record<string, unknown> {
    const path = join(this.home, "Library/Messages/Attachments", name);
    writeFileSync(path, bytes);
    return {
      filename: path,
      transfer_name: name,
      uti: "public.data",
      mime_type: name.endsWith(".png") ? "image/png" : "application/octet-stream",
      total_bytes: bytes.length,
      is_sticker: false,
      original_path: path,
      missing: false,
    };
  }

  of(what: string): Record<string, unknown>[] {
    return this.#lines<{ what: string; body: Record<string, unknown> }>("asked.jsonl")
      .filter((one) => one.what === what)
      .map(({ body }) => body);
  }

  /** The program that runs ends at once. */
  kill(): void {
    const pid = this.pids.at(-1);
    if (pid === undefined) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  #lines<T>(name: string): T[] {
    const path = join(this.dir, name);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }
}

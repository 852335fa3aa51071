// What a process writes: whole in files of the bridge's state folder, up to 64 MiB; beyond that its beginning and its end are
// kept and the middle is left out. The last of it is in memory, for quick answers.
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";

const HEAD_BYTES = 32 * 1024 * 1024;
/** The end is kept in two files that take turns: at least one of this size is always there. */
const TURN_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;
const MAX_LOG_BYTES = 256 * 1024;
const PART_BYTES = 256 * 1024;
const NEWLINE = 10;

interface Piece {
  path: string;
  bytes: number;
  /** Lines that ended before it. */
  linesBefore: number;
}

export interface LogPart {
  text: string;
  from: number;
  totalLines: number;
  totalBytes: number;
}

export class Output {
  /** All that was written, whether it is kept or not. */
  bytes = 0;
  readonly #path: string;
  #pieces: Piece[];
  #fd: number | undefined;
  /** Undefined: it was not read yet. */
  #tail: Buffer | undefined = Buffer.alloc(0);
  #lines = 0;
  #isLineOpen = false;
  #isCounted = true;
  #trouble: string | undefined;

  private constructor(path: string, pieces: Piece[]) {
    this.#path = path;
    this.#pieces = pieces;
  }

  static create(path: string): Output {
    const output = new Output(path, [{ path, bytes: 0, linesBefore: 0 }]);
    try {
      output.#fd = openSync(path, "wx", 0o600);
    } catch (error) {
      output.#trouble = nameOf(error);
    }
    return output;
  }

  /** Of a process of an earlier bridge: what is there. Read when somebody asks for it: there may be a gigabyte in all. */
  static open(path: string): Output {
    const output = new Output(path, []);
    for (const piece of [path, `${path}.1`, `${path}.2`]) {
      if (!existsSync(piece)) continue;
      const bytes = statSync(piece).size;
      output.#pieces.push({ path: piece, bytes, linesBefore: 0 });
      output.bytes += bytes;
    }
    output.#tail = undefined;
    output.#isCounted = false;
    return output;
  }

  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const tail = this.#end();
    this.#count();
    this.bytes += chunk.length;
    const joined = chunk.length >= TAIL_BYTES ? Buffer.from(chunk) : Buffer.concat([tail, chunk]);
    this.#tail = joined.length <= TAIL_BYTES ? joined : Buffer.from(joined.subarray(joined.length - TAIL_BYTES));
    let rest = chunk;
    while (rest.length > 0) {
      const piece = this.#room();
      const limit = piece.path === this.#path ? HEAD_BYTES : TURN_BYTES;
      const part = rest.subarray(0, limit - piece.bytes);
      this.#write(part);
      piece.bytes += part.length;
      for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, at + 1)) this.#lines += 1;
      this.#isLineOpen = part[part.length - 1] !== NEWLINE;
      rest = rest.subarray(part.length);
    }
  }

  /** The last of it, beginning with a whole character. */
  tail(bytes = TAIL_BYTES): string {
    const tail = this.#end();
    return textOf(tail, bytes, this.bytes > tail.length);
  }

  /** What came after `since`, as far as it is in memory. */
  tailSince(since: number): string {
    return this.tail(Math.max(0, Math.min(this.bytes - since, this.#end().length)));
  }

  log(wanted: number, count: number): LogPart {
    this.#count();
    const totalLines = this.#lines + (this.#isLineOpen ? 1 : 0);
    const from = wanted < 0 ? Math.max(0, totalLines + wanted) : Math.min(wanted, totalLines);
    const collected = new Collector(from, from + count);
    let expected = 0;
    for (const [index, piece] of this.#pieces.entries()) {
      if (index > 0 && piece.linesBefore > expected) collected.leaveOut(expected, piece.linesBefore);
      const before = this.#pieces[index - 1];
      // Where pieces follow each other, a line may go on from one to the next.
      expected = collected.read(piece.path, piece.linesBefore, before !== undefined && piece.linesBefore === expected);
    }
    const note = this.#trouble === undefined ? "" : `[Not all of it could be kept: ${this.#trouble}.]\n`;
    return { text: note + collected.text(), from, totalLines, totalBytes: this.bytes };
  }

  get keptBytes(): number {
    return this.#pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  remove(): void {
    this.close();
    for (const path of ["", ".1", ".2", ".note"]) rmSync(this.#path + path, { force: true });
  }

  #end(): Buffer {
    const last = this.#pieces.at(-1);
    this.#tail ??= last ? readEnd(last.path, TAIL_BYTES) : Buffer.alloc(0);
    return this.#tail;
  }

  #count(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    const note = readNote(`${this.#path}.note`);
    for (const piece of this.#pieces) {
      piece.linesBefore = piece.path === this.#path ? 0 : (note[piece.path] ?? this.#lines);
      const counted = countLines(piece.path);
      this.#lines = piece.linesBefore + counted.lines;
      this.#isLineOpen = counted.isOpen;
    }
  }

  #room(): Piece {
    const last = this.#pieces.at(-1);
    if (last && last.bytes < (last.path === this.#path ? HEAD_BYTES : TURN_BYTES)) return last;
    this.close();
    const [first, second] = [`${this.#path}.1`, `${this.#path}.2`];
    try {
      const turns = this.#pieces.filter(({ path }) => path !== this.#path);
      const older = turns.find(({ path }) => path === second);
      if (older) {
        // Of what was left out, only that it was is known; the older turn makes room.
        renameSync(second, first);
        this.#pieces = [...this.#pieces.filter(({ path }) => path === this.#path), { ...older, path: first }];
      }
      const next = { path: turns.length === 0 ? first : second, bytes: 0, linesBefore: this.#lines };
      this.#pieces.push(next);
      this.#fd = openSync(next.path, "w", 0o600);
      const note = Object.fromEntries(this.#pieces.map(({ path, linesBefore }) => [path, linesBefore]));
      writeFileSync(`${this.#path}.note`, JSON.stringify(note), { mode: 0o600 });
      return next;
    } catch (error) {
      this.#trouble = nameOf(error);
      const lost = { path: second, bytes: 0, linesBefore: this.#lines };
      this.#pieces.push(lost);
      return lost;
    }
  }

  #write(part: Uint8Array): void {
    if (this.#fd === undefined) return;
    try {
      let at = 0;
      while (at < part.length) at += writeSync(this.#fd, part, at);
    } catch (error) {
      // A full disk ends the keeping, not the process.
      this.#trouble = nameOf(error);
      this.close();
    }
  }
}

/** Lines `from` to `to` out of files that are read one after the other. */
class Collector {
  readonly #from: number;
  readonly #to: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  #isCut = false;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  /** Answers the number of the line at which it ended. */
  read(path: string, linesBefore: number, goesOn: boolean): number {
    let line = linesBefore;
    readParts(path, (part) => {
      line = this.#take(part, line);
      return line < this.#to || goesOn;
    });
    return line;
  }

  leaveOut(from: number, to: number): void {
    if (to > this.#from && from < this.#to)
      this.#keep(Buffer.from(`\n[Lines ${from + 1} to ${to} are left out: the output is too long to be kept.]\n`));
  }

  text(): string {
    const text = Buffer.concat(this.#parts).toString("utf8");
    return this.#isCut ? `${text}\n[Cut here; ask for fewer lines at once.]` : text;
  }

  #take(part: Buffer, first: number): number {
    let line = first;
    let at = 0;
    while (at < part.length) {
      const newline = part.indexOf(NEWLINE, at);
      const end = newline < 0 ? part.length : newline + 1;
      if (line >= this.#from && line < this.#to) this.#keep(part.subarray(at, end));
      if (newline >= 0) line += 1;
      at = end;
    }
    return line;
  }

  #keep(part: Buffer): void {
    if (this.#bytes >= MAX_LOG_BYTES) {
      this.#isCut = true;
      return;
    }
    const kept = part.subarray(0, MAX_LOG_BYTES - this.#bytes);
    if (kept.length < part.length) this.#isCut = true;
    this.#parts.push(Buffer.from(kept));
    this.#bytes += kept.length;
  }
}

/** The last `bytes`, without half a character at either end. */
export function textOf(all: Uint8Array, bytes: number, isCutBefore: boolean): string {
  let start = Math.max(0, all.length - bytes);
  if (start > 0 || isCutBefore) while (start < all.length && ((all[start] ?? 0) & 0xc0) === 0x80) start += 1;
  let end = all.length;
  for (let back = 1; back <= 3 && end - back >= start; back++) {
    const byte = all[end - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (length > back) end -= back;
    break;
  }
  return Buffer.from(all.subarray(start, end)).toString("utf8");
}

function countLines(path: string): { lines: number; isOpen: boolean } {
  let lines = 0;
  let last: number | undefined;
  readParts(path, (part) => {
    for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, at + 1)) lines += 1;
    last = part.at(-1);
    return true;
  });
  return { lines, isOpen: last !== undefined && last !== NEWLINE };
}

/** One part after the other, for as long as `take` wants more. A file that is gone has none. */
function readParts(path: string, take: (part: Buffer) => boolean): void {
  if (!existsSync(path)) return;
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(PART_BYTES);
    for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) if (!take(buffer.subarray(0, got))) break;
  } finally {
    closeSync(fd);
  }
}

function readEnd(path: string, bytes: number): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    const end = Buffer.alloc(Math.min(size, bytes));
    return end.subarray(0, readSync(fd, end, 0, end.length, size - end.length));
  } finally {
    closeSync(fd);
  }
}

function readNote(path: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

function nameOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return code === "ENOSPC" ? "the disk is full" : code;
}

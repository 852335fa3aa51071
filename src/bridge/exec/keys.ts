// Keys by the names that tmux knows them by, as the bytes that a terminal sends for them.
import { HomeRefused } from "../../contract/errors.ts";

const ESC = "\x1b";
const NAMED: Record<string, string> = {
  Enter: "\r",
  Tab: "\t",
  BTab: `${ESC}[Z`,
  Escape: ESC,
  Space: " ",
  BSpace: "\x7f",
  Up: `${ESC}[A`,
  Down: `${ESC}[B`,
  Right: `${ESC}[C`,
  Left: `${ESC}[D`,
  Home: `${ESC}[H`,
  End: `${ESC}[F`,
  IC: `${ESC}[2~`,
  DC: `${ESC}[3~`,
  PPage: `${ESC}[5~`,
  PageUp: `${ESC}[5~`,
  PgUp: `${ESC}[5~`,
  NPage: `${ESC}[6~`,
  PageDown: `${ESC}[6~`,
  PgDn: `${ESC}[6~`,
  Insert: `${ESC}[2~`,
  Delete: `${ESC}[3~`,
  ...Object.fromEntries([..."PQRS"].map((letter, index) => [`F${index + 1}`, `${ESC}O${letter}`])),
  ...Object.fromEntries([15, 17, 18, 19, 20, 21, 23, 24].map((code, index) => [`F${index + 5}`, `${ESC}[${code}~`])),
};
const ARROWS = new Set(["Up", "Down", "Right", "Left", "Home", "End"]);

/** @throws HomeRefused for a name that no key has. */
export function bytesOfKeys(keys: readonly string[]): Uint8Array {
  return new TextEncoder().encode(keys.map(sequenceOf).join(""));
}

function sequenceOf(key: string): string {
  const named = Object.hasOwn(NAMED, key) ? NAMED[key] : undefined;
  if (named !== undefined) return named;
  if ([...key].length === 1) return key;
  const [, marks = "", rest = ""] = key.match(/^((?:[CMS]-)+)(.+)$/s) ?? [];
  if (marks === "") throw unknown(key);
  const [control, meta, shift] = ["C-", "M-", "S-"].map((mark) => marks.includes(mark));
  if (ARROWS.has(rest)) {
    const modifier = 1 + (shift ? 1 : 0) + (meta ? 2 : 0) + (control ? 4 : 0);
    return `${ESC}[1;${modifier}${(NAMED[rest] ?? "").slice(-1)}`;
  }
  const plain = Object.hasOwn(NAMED, rest) ? (NAMED[rest] ?? "") : rest;
  if ([...plain].length !== 1) throw unknown(key);
  const sent = control ? controlOf(plain, key) : shift ? plain.toUpperCase() : plain;
  return meta ? ESC + sent : sent;
}

function controlOf(letter: string, key: string): string {
  if (letter === " ") return "\0";
  if (letter === "?") return "\x7f";
  const code = letter.toUpperCase().charCodeAt(0);
  if (code < 0x40 || code > 0x5f) throw unknown(key);
  return String.fromCharCode(code - 0x40);
}

function unknown(key: string): HomeRefused {
  return new HomeRefused(
    "INVALID_REQUEST",
    `There is no key called ${key}. Keys are named like Enter, Tab, Escape, Up, F1, C-c, M-x; one character is itself.`,
  );
}

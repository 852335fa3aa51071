// Paths of a workspace: what a tool, a screen or a shell wrote becomes one canonical spelling, or is refused with a reason.
// The root is "". Nothing that comes out of here can name anything outside of the workspace.
import { GatewayError } from "../../contract/errors.ts";

/** Where a shell mounts the workspace; the only absolute prefix that is understood. */
const MOUNT = "/workspace";
const MAX_PATH_BYTES = 512;
const MAX_NAME_BYTES = 200;
const MAX_DEPTH = 24;

/** Control characters, line separators, and marks that turn the direction of text: a name must look like what it is. */
const DECEPTIVE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;
const encoder = new TextEncoder();

/** The canonical form of `path`: relative, "/" between names, no empty or "." names, Unicode NFC. */
export function normalizePath(path: string): string {
  if (typeof path !== "string") throw refusal("A path must be text.");
  if (path.length > MAX_PATH_BYTES * 2) throw tooLong();
  if (!path.isWellFormed() || DECEPTIVE.test(path)) {
    throw refusal("The path holds control or invisible characters; use plain names.");
  }
  if (path.includes("\\")) throw refusal(`${quote(path)} has a backslash; separate folders with "/".`);
  const names = withinMount(path.normalize("NFC"))
    .split("/")
    .filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) throw refusal(`${quote(path)} has ".."; write the path from the top of the workspace.`);
  const canonical = names.join("/");
  const isTooLong = encoder.encode(canonical).byteLength > MAX_PATH_BYTES || names.length > MAX_DEPTH;
  if (isTooLong || names.some((name) => encoder.encode(name).byteLength > MAX_NAME_BYTES)) throw tooLong();
  return canonical;
}

/** The folder that holds `path`; the root's is itself. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** Folders above `path`, nearest last, without the root. */
export function ancestorsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

/** Whether `path` lies below `folder` (or is it). */
export function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** The order in which SQLite compares text, so that merged lists keep one order. */
export function comparePaths(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function withinMount(path: string): string {
  if (!path.startsWith("/")) return path;
  if (/^\/+$/.test(path)) return "";
  if (path === MOUNT || path.startsWith(`${MOUNT}/`)) return path.slice(MOUNT.length);
  throw refusal(`${quote(path)} is outside of the workspace; write the path from its top, such as notes/today.md.`);
}

function quote(path: string): string {
  return `"${path.length > 80 ? `${path.slice(0, 79)}…` : path}"`;
}

function refusal(message: string): GatewayError {
  return new GatewayError({ code: "INVALID_REQUEST", message });
}

function tooLong(): GatewayError {
  return refusal(
    `The path is too long; at most ${MAX_PATH_BYTES} bytes, ${MAX_NAME_BYTES} a name and ${MAX_DEPTH} folders deep.`,
  );
}

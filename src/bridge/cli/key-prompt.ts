// Values for the keys of a channel: from the command line, from the environment, piped in as NAME=value lines, or typed.
// What is secret is not shown while it is typed. A value `@path` is read from that file.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { ChannelFacts, ChannelKey } from "../../contract/channels/channel.ts";
import { variableOf } from "../../contract/channels/facts.ts";
import { GatewayError } from "../../contract/errors.ts";

export interface KeySources {
  /** NAME=value, as given with --key. */
  flags: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** NAME=value lines; undefined when a person sits there. */
  piped?: string;
}

/** Names of the keys that are given, with their values; nothing of what must be typed. */
export function readGivenKeys(facts: ChannelFacts, account: string, sources: KeySources): Record<string, string> {
  const lines = [...(sources.piped ?? "").split("\n"), ...sources.flags].map((line) => line.trim());
  const named = lines.flatMap((line) => (line === "" || line.startsWith("#") ? [] : [readPair(facts, line)]));
  const fromEnvironment = facts.keys.flatMap(({ name }): [string, string][] => {
    const value = sources.environment[variableOf(name, account)];
    return value ? [[name, value]] : [];
  });
  const keys = Object.fromEntries([...fromEnvironment, ...named]);
  return Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, readValue(value)]));
}

function readPair(facts: ChannelFacts, line: string): [string, string] {
  const at = line.indexOf("=");
  const name = at < 0 ? "" : line.slice(0, at).trim();
  if (facts.keys.some((key) => key.name === name)) return [name, line.slice(at + 1).trim()];
  const names = facts.keys.map((key) => key.name).join(", ");
  // The line may be a key without its name: it is not repeated.
  throw new GatewayError({ code: "INVALID_REQUEST", message: `Give keys as NAME=value. ${facts.label} takes ${names}.` });
}

function readValue(value: string): string {
  if (!value.startsWith("@")) return value;
  try {
    return readFileSync(value.slice(1), "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "it is no file";
    throw new GatewayError({ code: "INVALID_REQUEST", message: `The file ${value.slice(1)} cannot be read (${reason}).` });
  }
}

/** Asks a person for one key; "" when they leave it. JSON may be pasted over several lines. */
export async function askKey(key: ChannelKey, isKnown: boolean): Promise<string> {
  const hint = isKnown ? "Enter keeps the one that is there" : key.isOptional ? "Enter leaves it out" : "or @path of a file";
  process.stderr.write(`\n${key.label}\n  ${key.help}\n  (${hint})\n`);
  let isMuted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true, historySize: 0 });
  // Keeps the lines that come at once when several are pasted.
  const typed = lines[Symbol.asyncIterator]();
  lines.on("SIGINT", () => lines.close());
  const read = async () => {
    const { done, value } = await typed.next();
    if (!done) return value;
    throw new GatewayError({ code: "INVALID_REQUEST", message: "Stopped. Nothing was changed." });
  };
  try {
    lines.setPrompt(key.isSecret ? "  (not shown) > " : "  > ");
    lines.prompt();
    isMuted = key.isSecret;
    let value = (await read()).trim();
    while (value.startsWith("{") && !isJson(value)) value += `\n${await read()}`;
    return readValue(value.trim());
  } finally {
    lines.close();
    if (key.isSecret) process.stderr.write("\n");
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

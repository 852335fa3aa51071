// A program in a terminal of its own. The terminal's library has a compiled part that is not there for every machine, so it is
// loaded at its first use, and where it is missing that is said.
import { HomeRefused } from "../../contract/errors.ts";

export interface TerminalRequest {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  onOutput(chunk: Uint8Array): void;
}

export interface Terminal {
  pid: number;
  write(data: Uint8Array): void;
  ended: Promise<{ exitCode?: number; signal?: number }>;
}

const COLUMNS = 120;
const ROWS = 40;

/** @throws HomeRefused where there is no terminal to be had. */
export async function openTerminal({ file, args, cwd, env, onOutput }: TerminalRequest): Promise<Terminal> {
  let library: typeof import("@lydell/node-pty");
  try {
    library = await import("@lydell/node-pty");
  } catch (error) {
    const machine = `${process.platform} ${process.arch}`;
    throw new HomeRefused(
      "UNAVAILABLE",
      `There are no terminals on this machine: @lydell/node-pty is not installed for ${machine}. Run it without pty.`,
      error,
    );
  }
  const terminal = library.spawn(file, args, {
    name: "xterm-256color",
    cols: COLUMNS,
    rows: ROWS,
    cwd,
    env: { ...env, TERM: "xterm-256color" },
    // Bytes as they are: a character may come in two halves.
    encoding: null,
  });
  const data = terminal.onData((chunk: string | Uint8Array) => onOutput(typeof chunk === "string" ? Buffer.from(chunk) : chunk));
  const { promise, resolve } = Promise.withResolvers<{ exitCode?: number; signal?: number }>();
  terminal.onExit(({ exitCode, signal }) => {
    data.dispose();
    resolve(signal ? { signal } : { exitCode });
  });
  return { pid: terminal.pid, write: (bytes) => terminal.write(Buffer.from(bytes).toString("utf8")), ended: promise };
}

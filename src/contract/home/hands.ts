// What a session may do with its hands: where its commands run, how a container of it is made, what needs the owner's word.
// Made by the Directory from the settings and sent with the brief, so that nothing is asked in mid-turn.
import type { ExecPolicy } from "./commands.ts";

export type ExecHost = "auto" | "edge" | "sandbox" | "home";
export type Elevation = "off" | "on" | "ask" | "full";

export interface HandsBrief {
  /** Whether any machine is paired: without one there is nothing but the edge. */
  hasHomes: boolean;
  /**
   * Whether commands of this session stay in the sandbox: then nothing of it runs on a machine itself unless it is elevated.
   * Default for all but the owner's own main session.
   */
  isSandboxed: boolean;
  sandbox: {
    /** Tells containers apart: the session's key, `agent:` with the agent's id, or `shared`. */
    key: string;
    image?: string;
    /** `none`, or the name of a network of the engine. */
    network: string;
    workspace: "none" | "ro" | "rw";
    memoryMb: number;
    cpus: number;
    pids: number;
    setup?: string;
    env: Record<string, string>;
  };
  exec: ExecPolicy & {
    host: ExecHost;
    /** Id or name of the machine to use where none is said. */
    home?: string;
    timeoutMs: number;
    yieldMs: number;
  };
  /** Whether this sender may raise the session above its sandbox (`/elevated`). */
  mayElevate: boolean;
  /** Whether whoever wrote is the owner. */
  isOwner: boolean;
}

/** What was chosen for one session by `/exec` and `/elevated`. */
export interface HandsChoice {
  elevation?: Elevation;
  host?: ExecHost;
  home?: string;
  security?: ExecPolicy["security"];
  ask?: ExecPolicy["ask"];
}

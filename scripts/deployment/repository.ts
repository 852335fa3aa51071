// The git repository that Skerry was cloned into, as far as going forward and back needs it. It never merges, never
// drops a commit that the remote does not have, and touches no file that was changed by hand.
import { execFileSync, spawn } from "node:child_process";
import { realpathSync } from "node:fs";

export interface Upstream {
  remote: string;
  /** `origin/main`. */
  ref: string;
}

export interface Repository {
  head(): string;
  /** Tracked files that were changed by hand. */
  changes(): string[];
  branch(): string | undefined;
  upstream(): Upstream | undefined;
  /** Answers what went wrong. */
  fetch(remote: string): Promise<string | undefined>;
  /** The newest released version that the upstream branch has. */
  newestRelease(upstream: Upstream): string | undefined;
  commitOf(ref: string): string | undefined;
  isAncestor(earlier: string, later: string): boolean;
  describe(): string;
  /** Contract: `commit` is a descendant of the head. */
  forward(commit: string): void;
  /** Contract: `commit` is an ancestor of the head, and the remote has the head. */
  back(commit: string): void;
}

/** Undefined when `root` is not the top of a repository. */
export function openRepository(root: string): Repository | undefined {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  const ask = (...args: string[]) => {
    try {
      return git(...args);
    } catch {
      return undefined;
    }
  };
  const top = ask("rev-parse", "--show-toplevel");
  if (!top || realpathSync(top) !== realpathSync(root)) return undefined;
  return {
    head: () => git("rev-parse", "HEAD"),
    changes: () =>
      git("status", "--porcelain", "--untracked-files=no")
        .split("\n")
        .filter((line) => line !== ""),
    branch: () => ask("symbolic-ref", "--short", "HEAD"),
    upstream() {
      const ref = ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}");
      const branch = ask("symbolic-ref", "--short", "HEAD");
      const remote = branch && ask("config", `branch.${branch}.remote`);
      return ref && remote ? { remote, ref } : undefined;
    },
    fetch: (remote) => fetchFrom(root, remote),
    newestRelease(upstream) {
      const tags = ask("tag", "--list", "v[0-9]*", "--merged", upstream.ref, "--sort=-version:refname") ?? "";
      return tags.split("\n").find((tag) => /^v\d+(\.\d+)*$/.test(tag));
    },
    commitOf: (ref) => ask("rev-parse", "--verify", "--quiet", `${ref}^{commit}`),
    isAncestor: (earlier, later) => ask("merge-base", "--is-ancestor", earlier, later) !== undefined,
    describe: () => (ask("describe", "--tags", "--always") ?? "unknown").replace(/^v(?=\d)/, ""),
    forward: (commit) => void git("merge", "--ff-only", "--quiet", commit),
    back: (commit) => void git("reset", "--keep", "--quiet", commit),
  };
}

/** On a terminal git may ask for a password; without one it gives up at once. */
function fetchFrom(root: string, remote: string): Promise<string | undefined> {
  const canAsk = process.stdin.isTTY === true;
  const quiet = canAsk ? {} : { GIT_TERMINAL_PROMPT: "0", GIT_SSH_COMMAND: "ssh -o BatchMode=yes" };
  const child = spawn("git", ["fetch", "--quiet", "--tags", remote], {
    cwd: root,
    stdio: [canAsk ? "inherit" : "ignore", "ignore", "pipe"],
    env: { ...process.env, ...quiet },
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("close", (code) => done(code === 0 ? undefined : said.trim().split("\n").at(-1) || `git ended with ${code}`));
  });
}

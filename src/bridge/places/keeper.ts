// Outlives the bridge by a moment: a small shell that hears of every process that runs, and ends them when the bridge is gone,
// also when that was killed and could say nothing. It notices by the end of its input.
import { type ChildProcess, spawn } from "node:child_process";
import { MARK } from "./process-tree.ts";

const SCRIPT = `
list=
while read -r verb pid mark; do
  case $verb in
    add) list="$list $pid:$mark" ;;
    end) kept=; for one in $list; do [ "$one" = "$pid:$mark" ] || kept="$kept $one"; done; list=$kept ;;
  esac
done
for one in $list; do
  [ "\${one%%:*}" = none ] || kill -KILL -- "-\${one%%:*}" 2>/dev/null
  [ -d /proc/self ] || continue
  for file in $(grep -ls "${MARK}=\${one#*:}" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null
  done
done
exit 0
`;

export class Keeper {
  #child: ChildProcess | undefined;
  readonly #running = new Map<number, string>();

  /** Something is about to begin under this mark: were the bridge to end now, nobody would know its number. */
  expect(mark: string): void {
    this.#tell(`add none ${mark}`);
  }

  add(pid: number, mark: string): void {
    this.#running.set(pid, mark);
    this.#tell(`add ${pid} ${mark}`);
    this.#tell(`end none ${mark}`);
  }

  /** What was about to begin did not. */
  dismiss(mark: string): void {
    this.#tell(`end none ${mark}`);
  }

  end(pid: number, mark: string): void {
    if (!this.#running.delete(pid)) return;
    this.#tell(`end ${pid} ${mark}`);
  }

  /** Ends what is still running, as when the bridge dies. */
  close(): void {
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #tell(line: string): void {
    this.#child ??= this.#start();
    this.#child.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    // In a session of its own: Ctrl-C at the bridge's terminal must not end it before its time.
    const child = spawn("/bin/sh", ["-c", SCRIPT], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
    });
    child.stdin?.on("error", () => undefined);
    child.once("error", () => this.#lose(child));
    child.once("exit", () => this.#lose(child));
    child.unref();
    for (const [pid, mark] of this.#running) child.stdin?.write(`add ${pid} ${mark}\n`);
    return child;
  }

  /** Somebody ended it: the next one hears of all that runs. */
  #lose(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined;
  }
}

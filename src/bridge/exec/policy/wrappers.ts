// Programs that run another one, which they are given in their arguments: what of the arguments is their own and where the
// other one begins. An option that is not named here makes it impossible to tell, and that is said.

export type Wrapping =
  | { outcome: "none" }
  | { outcome: "cannot"; reason: string }
  | {
      outcome: "wraps";
      /** The wrapper's own arguments, to stand before the inner command. */
      own: string[];
      inner: string[];
      /** It adds arguments that nobody knows before. */
      addsArguments: boolean;
      /** What it sets for the inner one. */
      variables: [name: string, value: string][];
      /** The inner one runs with the rights of somebody else. */
      isRaised: boolean;
    }
  | { outcome: "script"; own: string[]; script: string; rest: string[] }
  /** find: parts of its arguments are commands. */
  | { outcome: "holds"; commands: { from: number; to: number }[] };

interface WrapperRule {
  flags?: RegExp;
  /** Options with their value in the same word or in the next. */
  values?: RegExp;
  joined?: RegExp;
  /** Words of its own before the inner command. */
  operands?: number;
  setsVariables?: boolean;
  addsArguments?: boolean;
  isRaised?: boolean;
  /** What it runs when it is told nothing. */
  fallback?: string;
}

const RULES: Record<string, WrapperRule> = {
  // Left out: -S (splits a text into words again), -C (another folder), --argv0, --block-signal.
  env: { flags: /^(-|-i|--ignore-environment)$/, values: /^(-u)$/, joined: /^--unset=/, setsVariables: true },
  nice: { flags: /^-\d+$/, values: /^(-n)$/, joined: /^(-n-?\d+|--adjustment=-?\d+)$/ },
  nohup: {},
  timeout: {
    flags: /^(-v|--verbose|--foreground|--preserve-status|-f|-p)$/,
    values: /^(-k|-s)$/,
    joined: /^(--kill-after=|--signal=|-[ks].)/,
    operands: 1,
  },
  stdbuf: { values: /^-[ioe]$/, joined: /^(-[ioe]\w|--(input|output|error)=\w+$)/ },
  ionice: { flags: /^-t$/, values: /^-[cn]$/, joined: /^-[cn]\d$/ },
  // Left out: -a (arguments of a file), -I and -i (arguments anywhere in the inner command), -o and -p (a terminal).
  xargs: {
    flags: /^(-0|-r|-t|-x|--null|--no-run-if-empty|--verbose|--exit)$/,
    values: /^-[nPLsdE]$/,
    joined: /^(-[nPLs]\d+|-d.|-E.|--(max-args|max-procs|max-lines|max-chars|delimiter|eof)=)/,
    addsArguments: true,
    fallback: "echo",
  },
  // Its options change as whom, where and how something runs, so only the plain form and -n are looked through.
  sudo: { flags: /^(-n|--non-interactive)$/, isRaised: true },
  doas: { flags: /^-n$/, isRaised: true },
};

const SHELLS = new Set(["sh", "bash", "dash"]);
/** A login shell reads the owner's profile; what is judged here is run without. */
const SHELL_OPTIONS = /^-[aefluvxC]*$/;

/** `name`: the plain name of the file. */
export function lookThrough(name: string, args: readonly string[]): Wrapping {
  if (SHELLS.has(name)) return lookIntoShell(name, args);
  if (name === "find") return lookIntoFind(args);
  if (!Object.hasOwn(RULES, name)) return { outcome: "none" };
  const rule = RULES[name] ?? {};
  let at = 0;
  while (at < args.length) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      at++;
      break;
    }
    if (!arg.startsWith("-")) break;
    if (rule.flags?.test(arg) || rule.joined?.test(arg)) at += 1;
    else if (rule.values?.test(arg)) at += 2;
    else return { outcome: "cannot", reason: `runs another program in a way that cannot be judged (${name} ${arg})` };
  }
  at += rule.operands ?? 0;
  const variables: [string, string][] = [];
  while (rule.setsVariables && /^[^=]+=/.test(args[at] ?? "")) {
    const [, variable = "", value = ""] = (args[at] ?? "").match(/^([^=]+)=(.*)$/s) ?? [];
    variables.push([variable, value]);
    at += 1;
  }
  const inner = args.slice(at);
  if (inner.length === 0) {
    // env alone prints, nice alone tells: programs like others.
    if (rule.fallback === undefined) return { outcome: "none" };
    inner.push(rule.fallback);
  }
  return {
    outcome: "wraps",
    own: args.slice(0, at),
    inner,
    addsArguments: rule.addsArguments ?? false,
    variables,
    isRaised: rule.isRaised ?? false,
  };
}

function lookIntoShell(name: string, args: readonly string[]): Wrapping {
  const own: string[] = name === "bash" ? ["--noprofile", "--norc"] : [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "-o" && args[at + 1] === "pipefail" && name === "bash") {
      own.push("-o", "pipefail");
      at++;
      continue;
    }
    if (arg === "--noprofile" || arg === "--norc") continue;
    const isLast = /^-[a-zA-Z]*c[a-zA-Z]*$/.test(arg);
    const letters = arg.replace("c", "");
    if (!arg.startsWith("-") || !SHELL_OPTIONS.test(letters)) break;
    const kept = letters.replaceAll("l", "");
    if (kept !== "-") own.push(kept);
    if (!isLast) continue;
    const script = args[at + 1];
    if (script === undefined || script.startsWith("-")) break;
    return { outcome: "script", own: [...own, "-c"], script, rest: args.slice(at + 2) };
  }
  return { outcome: "none" };
}

function lookIntoFind(args: readonly string[]): Wrapping {
  const commands: { from: number; to: number }[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (!/^-(exec|execdir)$/.test(arg)) continue;
    const from = at + 1;
    let to = from;
    while (to < args.length && args[to] !== ";" && !(args[to] === "+" && args[to - 1] === "{}")) to++;
    if (to >= args.length || to === from) return { outcome: "cannot", reason: "has an -exec of find that does not end" };
    commands.push({ from, to });
    at = to;
  }
  return commands.length === 0 ? { outcome: "none" } : { outcome: "holds", commands };
}

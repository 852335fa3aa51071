// Programs that need no listing: they turn what they read from their input into output, or say what everybody knows. Only with
// the options that are named here: a file to read, a file to write, another program to run is none of them. Long options count
// only when they are written out, so that an abbreviation of another (--out for --output) is none.

interface FilterRule {
  /** Short options without a value. */
  flags?: string;
  /** Short options with a value. */
  values?: string;
  /** Short options whose value, if any, stands in the same word. */
  joined?: string;
  long?: string;
  longValues?: string;
  /** What may stand beside the options that were given; default: nothing, so that only the input is read. */
  operands?: (operands: readonly string[], given: ReadonlySet<string>) => boolean;
  /** -5 for -n 5. */
  hasCounts?: boolean;
}

const anything = () => true;
const none = (operands: readonly string[]) => operands.length === 0;
const dashes = (operands: readonly string[]) => operands.every((operand) => operand === "-");
const atMost = (count: number) => (operands: readonly string[]) => operands.length <= count;

const CHECKSUM: FilterRule = { flags: "btz", long: "binary text tag zero" };
// Left out: -f (patterns of a file), -r -R (walk folders), -P (may take for ever), -d, --include.
// The first operand is the pattern, unless an option gave it: then it is a file.
const GREP: FilterRule = {
  flags: "EFGiyvwxconqsabzhHT",
  values: "meABC",
  long: "extended-regexp fixed-strings basic-regexp ignore-case invert-match word-regexp line-regexp count only-matching line-number quiet silent no-messages text null-data",
  longValues: "max-count regexp after-context before-context context color colour",
  operands: (all, given) => all.length <= (given.has("e") || given.has("regexp") ? 0 : 1),
  hasCounts: true,
};

const FILTERS: Record<string, FilterRule> = {
  // They read and print what is piped in.
  cat: { flags: "AbeEnstTuv", long: "show-all number-nonblank show-ends number squeeze-blank show-tabs", operands: dashes },
  cut: {
    flags: "nsz",
    values: "bcdf",
    long: "complement only-delimited zero-terminated",
    longValues: "bytes characters delimiter fields output-delimiter",
  },
  // A second operand of uniq is a file to write.
  uniq: {
    flags: "cdDiuz",
    values: "fsw",
    long: "count repeated ignore-case unique zero-terminated",
    longValues: "skip-fields skip-chars check-chars",
  },
  head: { flags: "qvz", values: "nc", long: "quiet silent verbose zero-terminated", longValues: "lines bytes", hasCounts: true },
  // Left out: -f, --retry, --pid: they never end.
  tail: { flags: "qvz", values: "nc", long: "quiet silent verbose zero-terminated", longValues: "lines bytes", hasCounts: true },
  tr: { flags: "cCdst", long: "complement delete squeeze-repeats truncate-set1", operands: atMost(2) },
  // Left out: --files0-from.
  wc: { flags: "clmwL", long: "bytes chars lines words max-line-length" },
  // Left out: -o writes, --compress-program runs, -T and --random-source and --files0-from name files, -S takes all memory.
  sort: {
    flags: "bcCdfghiMnrRsuVz",
    values: "kt",
    long: "ignore-leading-blanks dictionary-order ignore-case general-numeric-sort human-numeric-sort month-sort numeric-sort reverse random-sort version-sort check stable unique zero-terminated",
    longValues: "key field-separator",
  },
  nl: {
    flags: "p",
    values: "bdfhilnsvw",
    long: "no-renumber",
    longValues: "body-numbering number-format number-width starting-line-number number-separator",
  },
  rev: {},
  tac: { flags: "br", values: "s", long: "before regex", longValues: "separator" },
  fold: { flags: "bs", values: "w", long: "bytes spaces", longValues: "width" },
  fmt: { flags: "cstu", values: "wgp", long: "split-only uniform-spacing", longValues: "width goal" },
  paste: { flags: "sz", values: "d", long: "serial zero-terminated", longValues: "delimiters", operands: dashes },
  expand: { flags: "i", values: "t", long: "initial", longValues: "tabs" },
  unexpand: { flags: "a", values: "t", long: "all first-only", longValues: "tabs" },
  // Left out: -i, which names a file on a Mac.
  base64: { flags: "d", values: "w", long: "decode", longValues: "wrap" },
  base32: { flags: "d", values: "w", long: "decode", longValues: "wrap" },
  // Left out: -c, which reads the files that it is told of.
  md5sum: CHECKSUM,
  sha1sum: CHECKSUM,
  sha224sum: CHECKSUM,
  sha256sum: CHECKSUM,
  sha384sum: CHECKSUM,
  sha512sum: CHECKSUM,
  b2sum: CHECKSUM,
  cksum: {},
  grep: GREP,
  egrep: GREP,
  fgrep: GREP,
  // They say what they are told to say, or what is no secret of anybody.
  echo: { operands: anything },
  printf: { operands: anything },
  true: { operands: anything },
  false: { operands: anything },
  pwd: { flags: "LP" },
  seq: { flags: "w", values: "fs", long: "equal-width", longValues: "format separator", operands: (all) => all.length <= 3 },
  sleep: { operands: atMost(1) },
  basename: { flags: "az", values: "s", long: "multiple zero", longValues: "suffix", operands: anything },
  dirname: { flags: "z", long: "zero", operands: anything },
  // Left out: -s and a bare operand set the clock; -f and -r read files.
  date: {
    flags: "uR",
    values: "d",
    joined: "I",
    long: "utc universal rfc-email iso-8601",
    longValues: "date iso-8601 rfc-3339",
    operands: (all) => all.every((one) => one.startsWith("+")),
  },
  uname: { flags: "asnrvmpio", long: "all kernel-name nodename kernel-release kernel-version machine operating-system" },
  whoami: {},
  id: { flags: "ugGnr", long: "user group groups name real" },
  arch: {},
  nproc: { long: "all", longValues: "ignore" },
  uptime: { flags: "ps", long: "pretty since" },
};

/** Printing takes any argument, also one that cannot be known before. */
const TAKES_ANYTHING = new Set(["echo", "printf", "true", "false"]);

export function isHarmless(name: string, args: readonly string[], hasUnknownArguments: boolean): boolean {
  if (!Object.hasOwn(FILTERS, name)) return false;
  if (TAKES_ANYTHING.has(name)) return true;
  const rule = FILTERS[name];
  return rule !== undefined && !hasUnknownArguments && fits(rule, args);
}

function fits(rule: FilterRule, args: readonly string[]): boolean {
  const operands: string[] = [];
  const given = new Set<string>();
  const long = new Set(rule.long?.split(" "));
  const longValues = new Set(rule.longValues?.split(" "));
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(index + 1));
      break;
    }
    if (arg.startsWith("--")) {
      const [, name = "", hasValue] = arg.match(/^--([\w-]+)(=.*)?$/s) ?? [];
      if (!(hasValue === undefined ? long : longValues).has(name)) return false;
      given.add(name);
      continue;
    }
    if (arg === "-" || !arg.startsWith("-")) {
      operands.push(arg);
      continue;
    }
    if (rule.hasCounts && /^-\d+$/.test(arg)) continue;
    const taken = readCluster(rule, arg, given);
    if (taken === "unknown") return false;
    if (taken === "next") {
      index++;
      if (index >= args.length) return false;
    }
  }
  return (rule.operands ?? none)(operands, given);
}

/** -bcd5: flags until one that takes the rest, or the next word, as its value. Its letters are noted in `given`. */
function readCluster(
  { flags = "", values = "", joined = "" }: FilterRule,
  arg: string,
  given: Set<string>,
): "whole" | "next" | "unknown" {
  for (let index = 1; index < arg.length; index++) {
    const letter = arg[index] ?? "";
    given.add(letter);
    if (joined.includes(letter)) return "whole";
    if (values.includes(letter)) return index === arg.length - 1 ? "next" : "whole";
    if (!flags.includes(letter)) return "unknown";
  }
  return "whole";
}

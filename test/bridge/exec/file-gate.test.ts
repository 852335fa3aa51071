// Files of the machine itself: what is open, what is asked about, what no word of anybody opens; on a real disk.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileCommands } from "../../../src/bridge/exec/file-commands.ts";
import { ExecLedger } from "../../../src/bridge/exec/ledger.ts";
import type { CommandContext } from "../../../src/bridge/home-command.ts";
import { HomeFiles } from "../../../src/bridge/places/home-files.ts";
import type { ExecApproval, ExecPlan, ExecPolicy } from "../../../src/contract/home/commands.ts";
import { HOME_COMMANDS } from "../../../src/contract/home/commands.ts";

const ASKING: ExecPolicy = { security: "allowlist", ask: "on-miss" };

let root: string;
let ledger: ExecLedger;
let now: number;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "skerry-files-")));
  for (const folder of ["home/Skerry", "home/private", "home/.ssh", "state"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "home/Skerry/open.txt"), "open");
  writeFileSync(join(root, "home/private/diary.txt"), "dear diary");
  writeFileSync(join(root, "home/.ssh/id"), "key");
  writeFileSync(join(root, "state/device.json"), "secret");
  ledger = new ExecLedger(join(root, "exec.db"));
  now = 1_000_000;
});
afterEach(() => {
  ledger.close();
  rmSync(root, { recursive: true, force: true });
});

function open(rules: Partial<ExecPolicy> = {}) {
  const files = new HomeFiles({
    homeFolder: join(root, "home"),
    closedFolders: [join(root, "state")],
    // One of them cannot be reached: a file stands in its way.
    openFolders: { read: [], write: ["~/private/diary.txt/notes", "~/Skerry"] },
    searchPath: ["/usr/bin"],
  });
  const commands = fileCommands({
    hosts: { home: { files } },
    gate: { ledger, rules, now: () => now },
    folder: join(root, "passing"),
  });
  const context: CommandContext = {
    callId: "c",
    signal: new AbortController().signal,
    progress: () => {},
    transfer: { give: () => Promise.reject(new Error("not here")), take: () => Promise.reject(new Error("not here")) },
    now: () => now,
  };
  const wish = (path: string, change: { policy?: ExecPolicy; approval?: ExecApproval; sessionKey?: string }) => ({
    sessionKey: "agent:main:main",
    place: { kind: "home" } as const,
    path,
    policy: ASKING,
    ...change,
  });
  return {
    read: async (path: string, change: Parameters<typeof wish>[1] = {}, isForWriting = false) =>
      commands["files.read"]?.(HOME_COMMANDS["files.read"].params.parse({ ...wish(path, change), isForWriting }), context),
    write: async (path: string, text: string, change: Parameters<typeof wish>[1] = {}) => {
      const base64 = Buffer.from(text).toString("base64");
      return commands["files.write"]?.(HOME_COMMANDS["files.write"].params.parse({ ...wish(path, change), base64 }), context);
    },
  };
}

const text = (answer: unknown) => Buffer.from((answer as { base64: string }).base64, "base64").toString();
function planOf(answer: unknown): ExecPlan {
  const { state, plan } = answer as { state?: string; plan?: ExecPlan };
  if (state !== "asks" || !plan) throw new Error(`It did not ask: ${JSON.stringify(answer)}`);
  return plan;
}
const word = (plan: ExecPlan, decision: ExecApproval["decision"] = "allow-once", id = "a1"): ExecApproval => ({
  id,
  plan: plan.hash,
  decision,
});

describe("a file in an open folder", () => {
  test("is read and written without a question, and both are written down", async () => {
    const { read, write } = open();
    expect(text(await read("~/Skerry/open.txt"))).toBe("open");
    await write("Skerry/new/a.txt", "new");
    expect(readFileSync(join(root, "home/Skerry/new/a.txt"), "utf8")).toBe("new");
    expect(ledger.audited(10).map(({ command, verdict }) => [command, verdict])).toEqual([
      [`write ${root}/home/Skerry/new/a.txt`, "done: an open folder"],
      [`read ${root}/home/Skerry/open.txt`, "done: an open folder"],
    ]);
  });

  test("is asked about where the settings want every time asked", async () => {
    planOf(await open().read("~/Skerry/open.txt", { policy: { security: "allowlist", ask: "always" } }));
    planOf(await open({ security: "allowlist", ask: "always" }).read("~/Skerry/open.txt"));
  });

  test("that is a link to elsewhere is what it leads to", async () => {
    symlinkSync(join(root, "home/private/diary.txt"), join(root, "home/Skerry/link.txt"));
    const plan = planOf(await open().read("~/Skerry/link.txt"));
    expect(plan.command).toBe(`read ${root}/home/private/diary.txt`);
  });
});

describe("any other file", () => {
  test("is asked about, and the word opens it once for that purpose and that session", async () => {
    const { read, write } = open();
    const plan = planOf(await read("~/private/diary.txt"));
    expect(plan).toMatchObject({ command: `read ${root}/home/private/diary.txt`, reason: expect.stringContaining("~/Skerry") });
    expect(text(await read("~/private/diary.txt", { approval: word(plan) }))).toBe("dear diary");
    // Not for writing, not for another file, not for another session, not by an invented word.
    planOf(await write("~/private/diary.txt", "gone", { approval: word(plan) }));
    planOf(await read("~/private/other.txt", { approval: word(plan) }));
    planOf(await read("~/private/diary.txt", { approval: word(plan), sessionKey: "agent:main:guest" }));
    planOf(await read("~/private/diary.txt", { approval: { ...word(plan), plan: "invented" } }));
    expect(readFileSync(join(root, "home/private/diary.txt"), "utf8")).toBe("dear diary");
  });

  test("is asked about again when the word came too late, or the link leads elsewhere by then", async () => {
    const { read } = open();
    const link = join(root, "home/private/link.txt");
    symlinkSync(join(root, "home/private/diary.txt"), link);
    const plan = planOf(await read("~/private/link.txt"));
    rmSync(link);
    symlinkSync(join(root, "home/Skerry/open.txt"), link);
    // What it leads to now is open; what was asked about is not handed out under that name.
    expect(text(await read("~/private/link.txt", { approval: word(plan) }))).toBe("open");
    now += 3 * 3_600_000;
    planOf(await read("~/private/diary.txt", { approval: word(plan) }));
  });

  test("allowed for always is not asked about again, over a restart; what may be written may be read", async () => {
    const plan = planOf(await open().write("~/private/list.txt", "one"));
    await open().write("~/private/list.txt", "one", { approval: word(plan, "allow-always") });
    ledger.close();
    ledger = new ExecLedger(join(root, "exec.db"));
    await open().write("~/private/list.txt", "two");
    expect(text(await open().read("~/private/list.txt"))).toBe("two");
    planOf(await open().read("~/private/diary.txt"));
    expect(ledger.allowedFiles()).toMatchObject([{ path: `${root}/home/private/list.txt`, purpose: "write", by: "approval a1" }]);
    expect(ledger.forbidFile(`${root}/home/private/list.txt`)).toBe(true);
    planOf(await open().read("~/private/list.txt"));
  });

  test("read to be changed is one question with the writing", async () => {
    const { read, write } = open();
    const plan = planOf(await read("~/private/diary.txt", {}, true));
    expect(plan.command).toMatch(/^write /);
    await read("~/private/diary.txt", { approval: word(plan) }, true);
    await write("~/private/diary.txt", "changed", { approval: word(plan) });
    expect(readFileSync(join(root, "home/private/diary.txt"), "utf8")).toBe("changed");
  });

  test("is refused where nobody may be asked, by Skerry or by this machine, with whose rule it is", async () => {
    await expect(open().read("~/private/diary.txt", { policy: { security: "allowlist", ask: "off" } })).rejects.toThrow(
      /ask is off/,
    );
    await expect(open().read("~/Skerry/open.txt", { policy: { security: "deny", ask: "off" } })).rejects.toThrow(
      /Skerry's settings forbid/,
    );
    await expect(open({ security: "deny" }).read("~/Skerry/open.txt")).rejects.toThrow(/own configuration forbids/);
    expect(ledger.audited(3).every(({ verdict }) => verdict.startsWith("refused"))).toBe(true);
  });

  test("is read without a question where everything is allowed, unless this machine is stricter", async () => {
    const policy: ExecPolicy = { security: "full", ask: "off" };
    expect(text(await open().read("~/private/diary.txt", { policy }))).toBe("dear diary");
    planOf(await open({ security: "allowlist" }).read("~/private/diary.txt", { policy }));
  });
});

describe("nobody's word opens", () => {
  const full: ExecPolicy = { security: "full", ask: "off" };

  test.each([
    ["the bridge's own files", "state/device.json", /belongs to Skerry itself/],
    ["keys of the owner", "home/.ssh/id", /keys or logins/],
  ])("%s", async (_name, path, message) => {
    await expect(open().read(join(root, path), { policy: full })).rejects.toThrow(message);
    symlinkSync(join(root, path), join(root, "home/Skerry/innocent.txt"));
    await expect(open().read("~/Skerry/innocent.txt", { policy: full })).rejects.toThrow(message);
  });

  test("what the kernel shows as files, and what would run by itself", async () => {
    await expect(open().read("/proc/self/environ", { policy: full })).rejects.toThrow(/no file on the disk/);
    await expect(open().write("~/.bashrc", "evil", { policy: full })).rejects.toThrow(/would run by itself/);
    const tool = join(root, "home/Skerry/tool");
    writeFileSync(tool, "#!/bin/sh\n");
    chmodSync(tool, 0o755);
    await expect(open().write("~/Skerry/tool", "evil", { policy: full })).rejects.toThrow(/would run by itself/);
  });
});

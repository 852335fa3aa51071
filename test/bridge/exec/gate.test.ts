// Who may run what on the machine itself: the settings, the machine's own rules, the owner's word, and what is remembered of it.
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { approval, FULL, openTestExec, planOf, type TestExec } from "../../support/exec-room.ts";

const open: TestExec[] = [];
function exec(...rest: Parameters<typeof openTestExec>): TestExec {
  const made = openTestExec(...rest);
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.close()));
});

const ALLOWLIST = (ask: "off" | "on-miss" | "always") => ({ policy: { security: "allowlist", ask } });

describe("the settings and the machine's own rules", () => {
  const files = { read: [], write: [] };
  it.each([
    ["allowlist", "on-miss", {}, "exited", "asks"],
    ["allowlist", "off", {}, "exited", "refused"],
    ["allowlist", "always", {}, "asks", "asks"],
    ["full", "off", {}, "exited", "exited"],
    ["full", "on-miss", {}, "exited", "exited"],
    ["full", "always", {}, "asks", "asks"],
    ["deny", "off", {}, "refused", "refused"],
    ["deny", "always", {}, "refused", "refused"],
    // The machine's own, where they are stricter.
    ["full", "off", { security: "deny" }, "refused", "refused"],
    ["full", "off", { security: "allowlist" }, "exited", "asks"],
    ["full", "off", { security: "allowlist", ask: "off" }, "exited", "refused"],
    ["full", "off", { ask: "always" }, "asks", "asks"],
    ["deny", "off", { security: "full", ask: "off" }, "refused", "refused"],
    ["allowlist", "on-miss", { security: "full", ask: "off" }, "exited", "asks"],
  ] as const)(
    "%s, ask %s, and the machine says %j: a harmless line is %s, another is %s",
    async (security, ask, rules, fine, other) => {
      const test = exec({ config: { exec: rules, files } });
      const policy = { policy: { security, ask } };
      expect(await test.start("echo fine", policy)).toMatchObject({ state: fine });
      expect(await test.start("touch other", policy)).toMatchObject({ state: other });
    },
  );

  it("say in a sentence who forbids it", async () => {
    const test = exec({ config: { exec: { security: "deny" }, files } });
    expect(await test.start("ls", FULL)).toMatchObject({ reason: expect.stringContaining("This machine's own configuration") });
    const other = exec();
    expect(await other.start("ls", { policy: { security: "deny", ask: "off" } })).toMatchObject({
      reason: expect.stringContaining("tools.exec.security"),
    });
  });
});

describe("the owner's word", () => {
  it("lets exactly the line run that was asked about, once", async () => {
    const test = exec();
    const plan = planOf(await test.start("touch made", { processId: "p" }));
    const answer = await test.start("touch made", { processId: "p", ...approval(plan, "a1") });
    expect(answer).toMatchObject({ state: "exited", exitCode: 0 });
    expect(statSync(join(test.homeFolder, "made")).isFile()).toBe(true);
    // The same word for another process is none.
    planOf(await test.start("touch made", { processId: "q" }));
    const again = planOf(await test.start("touch made", { processId: "q", ...approval(plan, "a1") }));
    expect(again.reason).toContain("given for another command");
  });

  it("is none that was never asked for here", async () => {
    const test = exec();
    const plan = planOf(await test.start("touch made", { processId: "p" }));
    const answer = planOf(await test.start("touch made", { processId: "other", ...approval(plan, "a1") }));
    expect(answer.reason).toContain("too long ago");
    expect(await test.start("touch made", { processId: "x", sessionKey: "two", ...approval(plan, "a2") })).toMatchObject({
      state: "asks",
    });
  });

  it.each([
    ["another command", { command: "touch another" }],
    ["another folder", { workdir: "/tmp" }],
    ["another environment", { env: { LANG: "C" } }],
    ["a terminal", { isPty: true }],
  ])("does not stretch to %s", async (_name, change) => {
    const test = exec();
    const plan = planOf(await test.start("touch made", { processId: "p" }));
    const { command = "touch made", ...rest } = change as { command?: string };
    const answer = planOf(await test.start(command, { processId: "p", ...rest, ...approval(plan, "a1") }));
    expect(answer.reason).toContain("has changed");
    expect(answer.hash).not.toBe(plan.hash);
  });

  it("says of what can be typed into that this is asked about no more, also after a long reason", async () => {
    const test = exec();
    const said = /What is typed into it while it runs is not asked about; it stands in the audit log\.$/;
    expect(planOf(await test.start("touch made", { processId: "front" })).reason).not.toMatch(said);
    expect(planOf(await test.start("touch made", { processId: "back", yieldMs: 0 })).reason).toMatch(said);
    const long = planOf(await test.start(`./${"x".repeat(600)}`, { processId: "pty", isPty: true })).reason;
    expect(long).toMatch(said);
    expect(long.length).toBeLessThan(400);
  });

  it("is asked for anew when the program, or the script, was changed meanwhile", async () => {
    const test = exec();
    const script = join(test.homeFolder, "job.sh");
    writeFileSync(script, "#!/bin/sh\necho first\n");
    chmodSync(script, 0o755);
    for (const command of ["./job.sh", "sh job.sh", "python3 job.sh $X"]) {
      const plan = planOf(await test.start(command, { processId: command.replaceAll(/\W/g, ".") }));
      writeFileSync(script, `#!/bin/sh\necho ${Math.random()}\n`);
      const params = { processId: command.replaceAll(/\W/g, "."), ...approval(plan, `a ${command}`.replaceAll(/\W/g, ".")) };
      expect(planOf(await test.start(command, params)).reason).toContain("has changed");
    }
  });

  it.each([
    "cd proj && python3 x.py",
    "cd proj; python3 x.py",
    "cd proj && cd sub && python3 ../x.py $X",
    "sh -c 'cd proj && python3 x.py'",
    "python3 < proj/x.py",
    "cat proj/x.py | python3",
    "(cd proj; ./x.py)",
  ])("is asked for anew when a script that is found only on the way was changed meanwhile: %s", async (command) => {
    const test = exec();
    mkdirSync(join(test.homeFolder, "proj/sub"), { recursive: true });
    const script = join(test.homeFolder, "proj/x.py");
    writeFileSync(script, "print('good')\n", { mode: 0o755 });
    const plan = planOf(await test.start(command, { processId: "p" }));
    expect(planOf(await test.start(command, { processId: "p" })).hash).toBe(plan.hash);
    writeFileSync(script, "print('evil')\n");
    expect(planOf(await test.start(command, { processId: "p", ...approval(plan, "a") })).reason).toContain("has changed");
  });

  it("is asked for anew when a link leads elsewhere meanwhile", async () => {
    const test = exec();
    const link = join(test.homeFolder, "link");
    symlinkSync("/bin/true", link);
    const plan = planOf(await test.start("./link", { processId: "p" }));
    unlinkSync(link);
    symlinkSync("/bin/false", link);
    expect(await test.start("./link", { processId: "p", ...approval(plan, "a") })).toMatchObject({ state: "asks" });
  });

  it("is asked for anew when the folder is a link that leads elsewhere meanwhile", async () => {
    const test = exec();
    const [one, two, link] = ["one", "two", "link"].map((name) => join(test.homeFolder, name)) as [string, string, string];
    for (const folder of [one, two]) mkdirSync(folder);
    symlinkSync(one, link);
    const plan = planOf(await test.start("touch made", { processId: "p", workdir: link }));
    expect(plan.workdir).toBe(one);
    unlinkSync(link);
    symlinkSync(two, link);
    expect(await test.start("touch made", { processId: "p", workdir: link, ...approval(plan, "a") })).toMatchObject({
      state: "asks",
    });
  });

  it("for always remembers the programs of the line, and asks no more", async () => {
    const test = exec();
    const plan = planOf(await test.start("timeout 5 ls -la | wc -l", { processId: "p" }));
    expect(
      await test.start("timeout 5 ls -la | wc -l", { processId: "p", ...approval(plan, "a", "allow-always") }),
    ).toMatchObject({ exitCode: 0 });
    const [entry, ...more] = test.room.ledger.allowed();
    expect(entry?.path).toMatch(/\/ls$/);
    expect(more).toEqual([]);
    expect(await test.start("ls /")).toMatchObject({ state: "exited", exitCode: 0 });
    expect(await test.start("timeout 5 rm x")).toMatchObject({ state: "asks" });
    expect(test.room.ledger.forbid(entry?.id ?? 0)).toBe(true);
    expect(await test.start("ls /")).toMatchObject({ state: "asks" });
  });

  it.each(["sh -c 'touch $X'", "python3 -c 'print(1)'", "sudo ls", "awk '{print}'", "env -S 'ls'", "ls > made"])(
    "for always remembers nothing of %s",
    async (command) => {
      const test = exec();
      const plan = planOf(await test.start(command, { processId: "p" }));
      await test.start(command, { processId: "p", ...approval(plan, "a", "allow-always") });
      expect(test.room.ledger.allowed()).toEqual([]);
    },
  );

  it("for always remembers a launcher with its very arguments in its very folder", async () => {
    const test = exec();
    const plan = planOf(await test.start("rm -f gone", { processId: "p" }));
    await test.start("rm -f gone", { processId: "p", ...approval(plan, "a", "allow-always") });
    expect(test.room.ledger.allowed()).toMatchObject([{ args: ["-f", "gone"], isExact: true, workdir: test.homeFolder }]);
    expect(await test.start("rm -f gone")).toMatchObject({ state: "exited" });
    expect(await test.start("rm -f other")).toMatchObject({ state: "asks" });
    expect(await test.start("rm -f gone", { workdir: "/tmp" })).toMatchObject({ state: "asks" });
  });

  it("for always means these very arguments, but of a program that only shows any", async () => {
    const test = exec();
    const tool = join(test.dir, "tool");
    writeFileSync(tool, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const remember = async (command: string, id: string) => {
      const plan = planOf(await test.start(command, { processId: id }));
      await test.start(command, { processId: id, ...approval(plan, id, "allow-always") });
    };
    await remember(`${tool} one`, "a");
    expect(await test.start(`${tool} one`)).toMatchObject({ state: "exited" });
    expect(await test.start(`${tool} two`)).toMatchObject({ state: "asks" });
    expect(await test.start(`${tool} one`, { workdir: test.dir })).toMatchObject({ state: "asks" });
    await remember("head /etc/hostname", "b");
    expect(await test.start("head /etc/passwd")).toMatchObject({ state: "asks" });
    await remember("du -s /etc", "c");
    expect(await test.start("du -s /usr/lib/os-release")).toMatchObject({ state: "exited" });
    expect(await test.start("du --files0-from=/etc/passwd")).toMatchObject({ state: "asks" });
  });

  it("for always counts for nothing in a folder that can be written to without a question", async () => {
    const test = exec();
    const folder = join(test.homeFolder, "Skerry");
    mkdirSync(folder);
    writeFileSync(join(folder, "Makefile"), "all:\n\techo made\n");
    const plan = planOf(await test.start("rm -f gone", { processId: "p", workdir: folder }));
    await test.start("rm -f gone", { processId: "p", workdir: folder, ...approval(plan, "a", "allow-always") });
    expect(test.room.ledger.allowed()).toEqual([]);
  });

  it("for always counts no more once a file of that folder may be written without a question", async () => {
    const test = exec();
    const plan = planOf(await test.start("rm -f gone", { processId: "p" }));
    await test.start("rm -f gone", { processId: "p", ...approval(plan, "a", "allow-always") });
    expect(await test.start("rm -f gone")).toMatchObject({ state: "exited" });
    test.room.ledger.allowFile(join(test.homeFolder, "sub/Makefile"), "read", "approval b", 1);
    expect(await test.start("rm -f gone")).toMatchObject({ state: "exited" });
    test.room.ledger.allowFile(join(test.homeFolder, "sub/Makefile"), "write", "approval b", 1);
    expect(await test.start("rm -f gone")).toMatchObject({ state: "asks" });
  });

  it.each([
    ["make -C Skerry/app", {}],
    ["make -CSkerry/app", {}],
    ["make --directory=Skerry/app", {}],
    ["make -f Skerry/app/Makefile", {}],
    ["make -f link/Makefile", {}],
    ["make --directory=../home/Skerry/app", { workdir: "~/sub/.." }],
    ["make -C ../Skerry/app", { workdir: "~/sub" }],
    ["make", { workdir: "~/link" }],
    ["cp Skerry/app/Makefile sub/tool", {}],
    ["rm -f .", {}],
  ])(
    "for always counts for nothing where an argument leads to what can be written without a question: %s",
    async (command, more) => {
      const test = exec();
      for (const folder of ["Skerry/app", "sub"]) mkdirSync(join(test.homeFolder, folder), { recursive: true });
      symlinkSync(join(test.homeFolder, "Skerry/app"), join(test.homeFolder, "link"));
      writeFileSync(join(test.homeFolder, "Skerry/app/Makefile"), "all:\n\t@echo good\n");
      const plan = planOf(await test.start(command, { processId: "p", ...more }));
      // What was kept before this was known counts no more either.
      const draft = { path: "/usr/bin/make", args: command.split(" ").slice(1), isExact: true, workdir: plan.workdir };
      test.room.ledger.allow(draft, "approval old", 1);
      planOf(await test.start(command, { processId: "p", ...more }));
      await test.start(command, {
        processId: "p",
        ...more,
        ...approval(plan, "a", "allow-always"),
      });
      expect(test.room.ledger.allowed()).toMatchObject([{ by: "approval old" }]);
      expect(await test.start(command, { processId: "q", ...more })).toMatchObject({ state: "asks" });
    },
  );

  it("for always counts for nothing in an open folder that is a link, or below a file that may always be written", async () => {
    const test = exec();
    mkdirSync(join(test.homeFolder, "data/app"), { recursive: true });
    mkdirSync(join(test.homeFolder, "proj"));
    symlinkSync(join(test.homeFolder, "data"), join(test.homeFolder, "Skerry"));
    const remember = async (command: string, processId: string, more: Record<string, unknown> = {}) => {
      const plan = planOf(await test.start(command, { processId, ...more }));
      await test.start(command, { processId, ...more, ...approval(plan, processId, "allow-always") });
      return test.room.ledger.allowed().length;
    };
    for (const workdir of ["~/Skerry/app", "~/data/app"])
      expect(await remember("make", `in.${workdir.length}`, { workdir })).toBe(0);
    test.room.ledger.allowFile(join(test.homeFolder, "proj/Makefile"), "write", "approval b", 1);
    mkdirSync(join(test.homeFolder, "work"));
    const workdir = "~/work";
    expect(await remember("make -C ../proj", "file", { workdir })).toBe(0);
    expect(await remember("make -C ../elsewhere", "fine", { workdir })).toBe(1);
    expect(await test.start("make -C ../elsewhere", { workdir })).toMatchObject({ state: "exited" });
  });

  it("is remembered over a restart of the bridge", async () => {
    const test = exec();
    const plan = planOf(await test.start("touch made", { processId: "p" }));
    await test.reopen();
    expect(await test.start("touch made", { processId: "p", ...approval(plan, "a") })).toMatchObject({ state: "exited" });
  });

  it("starts one process also when it comes twice at once", async () => {
    const test = exec();
    const command = "echo x >> made; sleep 0.2";
    const plan = planOf(await test.start(command, { processId: "p" }));
    const params = { processId: "p", ...approval(plan, "a") };
    const answers = await Promise.all([1, 2, 3].map(() => test.start(command, params)));
    expect(answers.map(({ state }) => state)).toEqual(["exited", "exited", "exited"]);
    expect(statSync(join(test.homeFolder, "made")).size).toBe(2);
  });
});

describe("what nobody can allow", () => {
  it.each([
    ["PATH", "/tmp"],
    ["LD_PRELOAD", "/tmp/x.so"],
    ["NODE_OPTIONS", "--require /tmp/x"],
    ["BASH_ENV", "/tmp/x"],
    ["ENV", "/tmp/x"],
    ["PYTHONSTARTUP", "/tmp/x"],
    ["PERL5OPT", "-Mx"],
    ["GIT_SSH_COMMAND", "x"],
    ["IFS", "x"],
    ["PS4", "$(x)"],
    ["DYLD_INSERT_LIBRARIES", "x"],
    ["SKERRY_EXEC", "x"],
    ["HOME", "/tmp"],
  ])("is %s set from the outside", async (name, value) => {
    const test = exec();
    const answer = await test.start("ls", { ...FULL, env: { [name]: value } });
    expect(answer).toMatchObject({ state: "refused", reason: expect.stringContaining(name) });
  });

  it.each(["ls \0", "ls \x1b[2K", "ls \x7f", "ls \ud800", "ls \b"])(
    "is a line with signs that nobody sees: %j",
    async (command) => {
      expect(await exec().start(command, FULL)).toMatchObject({ state: "refused" });
    },
  );
});

describe("a line that is made to take long", () => {
  it.each([
    ["brackets", "(".repeat(50_000)],
    ["substitutions", "$(".repeat(40_000)],
    ["quotes", `echo ${"'a'".repeat(30_000)}`],
    ["parts", "true;".repeat(19_000)],
    ["pipes", `true${"|true".repeat(19_000)}`],
    [
      "shells in shells",
      Array.from({ length: 12 }).reduce<string>((inner) => `sh -c ${JSON.stringify(inner)}`.slice(0, 90_000), "ls"),
    ],
    ["words", `touch ${"word ".repeat(19_000)}`],
    ["braces", `echo ${"{a,b}".repeat(15_000)}`],
    ["here-documents", "cat <<a\n".repeat(10_000)],
  ])("of %s is answered within seconds, and not run", async (_name, command) => {
    const test = exec();
    const startedAt = performance.now();
    const answer = await test.start(command, { policy: { security: "allowlist", ask: "off" } });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    if (answer.state === "exited") expect(command).toMatch(/^echo /);
    else expect(answer.state).toBe("refused");
  });
});

describe("what a command sees of the bridge", () => {
  it("is nothing: no token, no key, no folder of programs of its caller", async () => {
    const test = exec();
    const { output } = await test.run("env; cat /proc/self/environ | tr '\\0' '\\n'");
    expect(output).not.toMatch(/the-owners-token|a-key|ANTHROPIC|SKERRY_TOKEN|NODE_OPTIONS|npm_/);
    expect(output).toMatch(/^PATH=\/usr\/local\/sbin:/m);
    expect(output).toMatch(/^HOME=/m);
  });
});

describe("the audit log", () => {
  it("has every command with what became of it, and is for its owner alone", async () => {
    const test = exec();
    await test.start("echo fine");
    await test.start("false", FULL);
    const plan = planOf(await test.start("touch made", { processId: "p" }));
    await test.start("touch made", { processId: "p", ...approval(plan, "a1") });
    await test.start("ls", { policy: { security: "deny", ask: "off" } });
    const rows = test.room.ledger.audited(10).reverse();
    expect(rows.map(({ command, verdict, exit, approval: word }) => [command, verdict.split(":")[0], exit, word])).toEqual([
      ["echo fine", "ran", "exit 0", undefined],
      ["false", "ran", "exit 1", undefined],
      ["touch made", "asked", "not run", undefined],
      ["touch made", "ran", "exit 0", "a1 allow-once"],
      ["ls", "refused", "not run", undefined],
    ]);
    for (const name of ["exec.db", "exec.db-wal"]) expect(statSync(join(test.stateDir, "exec", name)).mode & 0o077).toBe(0);
  });

  it("that cannot be written lets nothing run", async () => {
    const test = exec();
    test.room.ledger.close();
    await expect(test.start("touch made", FULL)).rejects.toThrow();
    await expect(test.run("true")).rejects.toThrow(/audit log|not open/);
    open.pop();
    rmSync(test.dir, { recursive: true, force: true });
  });
});

it("a harmless line needs no question whatever it says", async () => {
  const test = exec();
  expect(await test.start("echo '$(touch made)' | cat | tr a-z A-Z", ALLOWLIST("on-miss"))).toMatchObject({
    output: "$(TOUCH MADE)\n",
  });
});

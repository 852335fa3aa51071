// exec over the real workspace: what a shell does, what it leaves behind, and what bounds it.
import { describe, expect, it } from "vitest";
import { ToolFailure } from "../../../../src/contract/errors.ts";
import type { FileChange, WorkspacePort } from "../../../../src/contract/ports/workspace.ts";
import type { ToolContext } from "../../../../src/durable/tools/port.ts";
import { exec } from "../../../../src/durable/tools/shell/exec.ts";
import { openTestWorkspace, type TestWorkspace } from "../../../support/workspace.ts";
import { makeContext } from "../context.ts";

interface Options {
  workdir?: string;
  env?: Record<string, string>;
  timeoutSeconds?: number;
}

function run(workspace: WorkspacePort, command: string, options: Options = {}, changes: Partial<ToolContext> = {}) {
  return exec.run({ command, ...options }, makeContext(workspace, { now: Date.now, ...changes }));
}

async function withFiles(files: Record<string, string>): Promise<TestWorkspace> {
  const workspace = openTestWorkspace();
  for (const [path, text] of Object.entries(files)) await workspace.writeText(path, text);
  return workspace;
}

/** Counts what the shell asks of the workspace. */
function watch(workspace: TestWorkspace): { port: WorkspacePort; reads: string[]; applied: FileChange[][] } {
  const reads: string[] = [];
  const applied: FileChange[][] = [];
  const port: WorkspacePort = {
    ...workspace,
    read: (path) => {
      reads.push(path);
      return workspace.read(path);
    },
    apply: (changes) => {
      applied.push(changes);
      return workspace.apply(changes);
    },
  };
  return { port, reads, applied };
}

describe("output", () => {
  it("is stdout, stderr and the exit code when it is not zero", async () => {
    const result = await run(openTestWorkspace(), "echo out; echo err >&2; exit 3");
    expect(result).toMatchObject({ text: "out\nerr\n[Exit code 3.]", isError: true, details: { exitCode: 3, host: "edge" } });
  });

  it("says so when there is none", async () => {
    expect((await run(openTestWorkspace(), "true")).text).toBe("Done, no output.");
  });

  it("keeps text of every script whole, through pipes and byte tools", async () => {
    const workspace = await withFiles({ "a.txt": "naïve 日本 🏝️\n" });
    const result = await run(workspace, "cat a.txt | base64 | base64 -d; cat a.txt | gzip | gunzip");
    expect(result.text).toBe("naïve 日本 🏝️\nnaïve 日本 🏝️");
  });

  it("tells a mistake in the script as bash does", async () => {
    const result = await run(openTestWorkspace(), "if; then");
    expect(result).toMatchObject({ isError: true });
    expect(result.text).toContain("syntax error");
  });
});

describe("a script", () => {
  it("has pipes, loops, functions, arithmetic and the usual tools", async () => {
    const workspace = await withFiles({ "sales.csv": "oslo,3\nbergen,5\noslo,4\n", "data.json": '{"n":[1,2,3]}' });
    const script = `total() { awk -F, -v city="$1" '$1==city {s+=$2} END {print s}' sales.csv; }
for city in $(cut -d, -f1 sales.csv | sort -u); do echo "$city=$(total $city)"; done
jq -c '.n | map(. * 2)' data.json
echo $((6 * 7)) | sed 's/4/f/'`;
    expect((await run(workspace, script)).text).toBe("bergen=5\noslo=7\n[2,4,6]\nf2");
  });

  it("keeps the white space of a here-document", async () => {
    const workspace = openTestWorkspace();
    await run(workspace, "cat > code.py <<'EOF'\nif True:\n    print('x')\nEOF");
    expect(await workspace.readText("code.py")).toBe("if True:\n    print('x')\n");
  });

  it("starts in workdir, with env, in the owner's time zone", async () => {
    const workspace = await withFiles({ "notes/a.md": "x" });
    const result = await run(workspace, "pwd; ls; echo $NAME; date -d @0 +%H", { workdir: "notes", env: { NAME: "skerry" } });
    expect(result.text).toBe("/workspace/notes\na.md\nskerry\n01");
  });

  it("refuses a workdir that is not there or outside", async () => {
    const workspace = openTestWorkspace();
    await expect(run(workspace, "ls", { workdir: "nowhere" })).rejects.toThrow("There is no folder nowhere");
    await expect(run(workspace, "ls", { workdir: "../.." })).rejects.toThrow("outside the workspace");
    await expect(run(workspace, "ls", { workdir: "/etc" })).rejects.toThrow(ToolFailure);
  });

  it("sees no variable of the Worker, no network and no other interpreter", async () => {
    const result = await run(openTestWorkspace(), "env; curl http://example.com; wget x; python3 -c 1; node -e 1; sqlite3 x");
    expect(result.text).not.toContain(process.env["PATH"] ?? "?");
    for (const name of ["curl", "wget", "python3", "node", "sqlite3"])
      expect(result.text).toContain(`${name}: command not found`);
  });
});

describe("the workspace", () => {
  it("gets what was written, in one step", async () => {
    const workspace = await withFiles({ "a.txt": "one\n", "b/c.txt": "two\n" });
    const { port, applied } = watch(workspace);
    await run(port, "cd b && tr a-z A-Z < c.txt > d.txt && echo more >> ../a.txt && mkdir -p deep/er && touch deep/er/x");
    expect(applied).toHaveLength(1);
    expect(await workspace.readText("b/d.txt")).toBe("TWO\n");
    expect(await workspace.readText("a.txt")).toBe("one\nmore\n");
    expect(await workspace.readText("b/deep/er/x")).toBe("");
  });

  it("loses what was removed or moved", async () => {
    const workspace = await withFiles({ "a.txt": "a", "old/b.txt": "b", "old/c/d.txt": "d", "keep/e.txt": "e" });
    await run(workspace, "rm a.txt; mv old new; mv keep/e.txt keep/f.txt");
    const listed = await workspace.list("", true);
    const paths = listed.ok ? listed.value.map((info) => info.path).filter((path) => /^(a|old|new|keep)\b/.test(path)) : [];
    expect(paths).toEqual(["keep", "keep/f.txt", "new", "new/b.txt", "new/c", "new/c/d.txt"]);
    expect(await workspace.readText("new/c/d.txt")).toBe("d");
  });

  it("is not read or written where the command only looks", async () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}.txt`, "x".repeat(index)]));
    const { port, reads, applied } = watch(await withFiles(files));
    const result = await run(port, "ls -l f7.txt | awk '{print $5}'; find . -name 'f1*.txt' -size +14c | sort; cat f3.txt");
    expect(result.text).toBe("7\n./f15.txt\n./f16.txt\n./f17.txt\n./f18.txt\n./f19.txt\nxxx");
    expect(reads).toEqual(["f3.txt"]);
    expect(applied).toEqual([]);
  });

  it("takes a file where a folder was, and the other way round", async () => {
    const workspace = await withFiles({ "a/b.txt": "b", c: "c" });
    await run(workspace, "rm -r a; echo now a file > a; rm c; mkdir c; echo d > c/d");
    expect(await workspace.readText("a")).toBe("now a file\n");
    expect(await workspace.readText("c/d")).toBe("d\n");
  });

  it("takes names with spaces, quotes, dashes, stars and other scripts", async () => {
    const workspace = await withFiles({ 'it\'s a "file".txt': "1", "-rf": "2", "*": "3", "日本/ünïcode 🏝️.md": "4" });
    const result = await run(workspace, `cat -- "it's a \\"file\\".txt" -rf '*'; cp '日本/ünïcode 🏝️.md' 'a  b'; rm -- -rf`);
    expect(result.text).toBe("123");
    expect(await workspace.readText("a  b")).toBe("4");
    expect((await workspace.read("-rf")).ok).toBe(false);
    expect(await workspace.readText("*")).toBe("3");
  });

  it("leaves out names that it could not keep, says so, and keeps the rest", async () => {
    const workspace = openTestWorkspace();
    const result = await run(
      workspace,
      "echo 1 > good; echo 2 > $'bad\\nname'; echo 3 > 'back\\\\slash'; mkdir $'x\\x07'; echo 4 > last",
    );
    expect(result.text).toContain('Not kept (links, unusable names): "bad\\nname"');
    expect(await workspace.readText("good")).toBe("1\n");
    expect(await workspace.readText("last")).toBe("4\n");
  });

  it("keeps its root and what came with Skerry", async () => {
    const workspace = openTestWorkspace();
    const skill = (await workspace.skills()).find((one) => one.source === "bundled");
    const path = skill?.path ?? "skills/none";
    const result = await run(workspace, `rm "${path}"; rm -rf skills; rm -rf /workspace; ls`);
    expect(result.text).toContain("skills");
    if (skill) expect((await workspace.read(path)).ok).toBe(true);
  });

  it("has no place for links, and says which were left out", async () => {
    const workspace = await withFiles({ "a.txt": "a" });
    const result = await run(workspace, "ln -s a.txt link; echo more >> link; cat link");
    expect(result.text).toContain('Not kept (links, unusable names): "link".');
    expect(await workspace.readText("a.txt")).toBe("amore\n");
  });

  it("is not reached by what lies beside it", async () => {
    const { port, applied } = watch(openTestWorkspace());
    expect((await run(port, "echo x > /tmp/t; cat /tmp/t; echo y > /workspacelike; cat /etc/passwd")).text).toContain("x");
    expect(applied).toEqual([]);
  });

  it("is told as a failure when it refuses", async () => {
    const refusing: WorkspacePort = {
      ...openTestWorkspace(),
      apply: async () => ({ ok: false, error: { code: "INVALID_REQUEST", message: "The workspace is full." } }),
    };
    await expect(run(refusing, "echo 1 > a")).rejects.toThrow("The workspace is full.");
  });
});

describe("bounds", () => {
  it.each([
    "while true; do :; done",
    "i=0; until false; do i=$((i+1)); done",
    "f() { f; }; f",
    "for ((;;)); do x=1; done",
    "awk 'BEGIN { while (1) {} }'",
    "echo a | sed ':x; bx'",
    "jq -n '[range(1e12)]'",
    "echo {1..100000000}",
    "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done",
    "while true; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
    ":(){ :|:& };:",
  ])("end %s", async (command) => {
    const started = performance.now();
    const result = await run(openTestWorkspace(), command, { timeoutSeconds: 60 });
    expect(result).toMatchObject({ isError: true });
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(result.text.length).toBeLessThan(600_000);
  });

  it("stop after timeoutSeconds, keeping what was written before", async () => {
    const workspace = openTestWorkspace();
    const result = await run(workspace, "echo early > a; sleep 30; echo late > b", { timeoutSeconds: 1 });
    expect(result.text).toContain("Stopped after 1 s; raise timeoutSeconds");
    expect(await workspace.readText("a")).toBe("early\n");
    await expect(workspace.readText("b")).rejects.toThrow();
  });

  it("stop at once when the turn is stopped, keeping what was written before", async () => {
    const workspace = openTestWorkspace();
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("stopped by a person")), 100);
    const started = performance.now();
    await expect(run(workspace, "echo early > a; sleep 30", {}, { signal: stop.signal })).rejects.toThrow("stopped by a person");
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await workspace.readText("a")).toBe("early\n");
  });

  it("leave the clocks and globals of the isolate as they were", async () => {
    const before = [globalThis.setTimeout, globalThis.Function, globalThis.fetch];
    const running = run(openTestWorkspace(), "sleep 0.1");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([globalThis.setTimeout, globalThis.Function, globalThis.fetch]).toEqual(before);
    await running;
  });
});

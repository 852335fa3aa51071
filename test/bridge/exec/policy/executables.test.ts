// What the system's own programs are. The last part needs to be root, as the bridge of a rented machine is.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findExecutable, SEARCH_PATH } from "../../../../src/bridge/exec/policy/executables.ts";
import { makePlan } from "../../../../src/bridge/exec/policy/plan.ts";

const isRoot = process.getuid?.() === 0;
let dir = "";
afterEach(() => dir !== "" && rmSync(dir, { recursive: true, force: true }));

it("those of the search path are the system's", async () => {
  expect(await findExecutable("echo", "/", SEARCH_PATH)).toMatchObject({ isSystem: true });
});

describe.skipIf(!isRoot)("to a bridge that is root, a program of its own folders", () => {
  const open = () => {
    // Every folder above is root's alone, which it is not below /tmp.
    dir = realpathSync(mkdtempSync("/opt/skerry-root-"));
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, "Skerry"));
    const path = join(dir, "Skerry/echo");
    writeFileSync(path, "#!/bin/sh\nid\n", { mode: 0o755 });
    return {
      path,
      plan: (command: string) =>
        makePlan({ command, workdir: join(dir, "Skerry"), env: {}, isPty: false, entries: [], searchPath: SEARCH_PATH }),
    };
  };

  it("is known by its contents, whatever it is called", async () => {
    const { path, plan } = open();
    const found = await findExecutable(path, "/", SEARCH_PATH);
    expect(found).toMatchObject({ isSystem: false, sha256: expect.any(String) });
    const { isProved, drafts } = await plan("./echo");
    expect(isProved).toBe(false);
    expect(drafts).toMatchObject([{ sha256: found?.sha256 }]);
  });

  it("is no wrapper either", async () => {
    const { path, plan } = open();
    writeFileSync(path.replace("echo", "env"), "#!/bin/sh\nid\n", { mode: 0o755 });
    expect((await plan("./env echo a")).isProved).toBe(false);
  });
});

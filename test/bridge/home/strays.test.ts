import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("tells what fails where nobody waits for it, and the program goes on", () => {
  const net = new URL("../../../src/bridge/home/strays.ts", import.meta.url).href;
  const program = (line: string) => `
    import { outliveStrays } from ${JSON.stringify(net)};
    ${line}
    void Promise.reject(new Error("database or disk is full"));
    setTimeout(() => console.log("goes on"), 50);`;
  const run = (line: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", program(line)], { encoding: "utf8", timeout: 15_000 });
  expect(run("void outliveStrays;")).toMatchObject({ status: 1, stdout: "" });
  const { status, stdout } = run("outliveStrays(console.log);");
  expect(status).toBe(0);
  expect(stdout).toMatch(/nobody waited for: Error: database or disk is full[\s\S]*goes on/);
});

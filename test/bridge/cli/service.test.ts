// `skerry bridge install` and `uninstall`: what is written, and that it starts what it should. systemd itself is a program that
// only notes how it was called.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { describeService, installService, uninstallService } from "../../../src/bridge/cli/bridge/service.ts";
import { Terminal } from "../../../src/bridge/cli/terminal.ts";

const root = mkdtempSync(join(tmpdir(), "skerry-service-"));
const SECRET = 'a "very" $secret `token` with \\ in it';
let home: string;
let stateDir: string;

beforeEach(() => {
  home = mkdtempSync(join(root, "home-"));
  stateDir = join(home, "100% state");
  mkdirSync(join(home, "bin"));
  writeFileSync(join(home, "bin/systemctl"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  vi.stubEnv("HOME", home);
  vi.stubEnv("PATH", join(home, "bin"));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

function command(given: object) {
  const terminal = new Terminal({ out: process.stderr, err: process.stderr }, {});
  return { terminal, version: "1", environment: {}, given: { url: "https://skerry.example", ...given }, isJson: false };
}

/** What a shell makes of the file of secrets. */
function readSecrets(path: string): string {
  return execFileSync("/bin/sh", ["-c", `set -a; . "$0"; printf %s "$SKERRY_TOKEN"`, path], { encoding: "utf8", env: {} });
}

describe.runIf(process.platform === "linux")("a service of systemd", () => {
  const unit = () => readFileSync(join(home, ".config/systemd/user/skerry-bridge.service"), "utf8");

  it("finds its configuration from wherever it is started, and has the token that was given", async () => {
    writeFileSync(join(home, "br.json"), "{}");
    const before = process.cwd();
    process.chdir(home);
    try {
      expect(await installService(command({ stateDir, config: "br.json", token: SECRET }), "/opt/skerry")).toBe(0);
    } finally {
      process.chdir(before);
    }
    expect(unit()).toContain(`"--config" "${join(home, "br.json")}"`);
    expect(unit()).not.toContain("secret");
    const secrets = join(stateDir, "service.env");
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    expect(readSecrets(secrets)).toBe(SECRET);
    expect(unit()).toContain(`EnvironmentFile=-${secrets.replace("%", "%%")}\n`);
  });

  it("leaves no secret behind when it is taken away, wherever its folder was", async () => {
    await installService(command({ stateDir, token: SECRET }), "/opt/skerry");
    expect(existsSync(join(stateDir, "service.env"))).toBe(true);
    expect(await uninstallService(command({}))).toBe(0);
    expect(existsSync(join(stateDir, "service.env"))).toBe(false);
    expect(existsSync(join(home, ".config/systemd/user/skerry-bridge.service"))).toBe(false);
  });
});

it("an agent of launchd holds no secret, and gives them to the bridge all the same", () => {
  const envFile = join(home, "service.env");
  writeFileSync(envFile, 'SKERRY_TOKEN="kept & safe"\n');
  const words = [process.execPath, "-e", "process.stdout.write(process.env.SKERRY_TOKEN + process.argv[1])", " <word>"];
  const { text = "" } = describeService("darwin", { words, envFile, stateDir }, home) ?? {};
  expect(text).not.toContain("safe");
  const [, inside = ""] = /<key>ProgramArguments<\/key><array>(.*?)<\/array>/s.exec(text) ?? [];
  const [program = "", ...args] = [...inside.matchAll(/<string>(.*?)<\/string>/g)].map(([, word = ""]) =>
    word.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
  expect(execFileSync(program, args, { encoding: "utf8", env: {} })).toBe("kept & safe <word>");
  rmSync(envFile);
  expect(execFileSync(program, args, { encoding: "utf8", env: {} })).toBe("undefined <word>");
});

// The commands of a deployment as a person runs them, with the real wrangler, and no account: a dry run of everything,
// and what is said when something is missing. None may wait for an answer that nobody gives.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const home = mkdtempSync(join(tmpdir(), "skerry-deploy-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function run(script: string, ...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const env = { PATH: process.env["PATH"], HOME: home, XDG_CONFIG_HOME: home };
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [join(ROOT, "scripts", script), ...args],
      { cwd: ROOT, env, timeout: 80_000 },
      (error, out, errors) => done({ code: error ? Number(error.code ?? -1) : 0, out, errors }),
    );
    child.stdin?.end();
  });
}

describe("npm run deploy", () => {
  it("tries everything out without an account, under a name and an address of one's own", async () => {
    const { code, out } = await run(
      "deploy.ts",
      "--dry-run",
      "--name",
      "harbour",
      "--domain",
      "ada.example.org",
      "--domain-only",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/Dry run of \S+ as “harbour”: Total Upload: .* gzip: [\d.]+ KiB. Nothing was uploaded\./);
    const config = JSON.parse(readFileSync(join(ROOT, ".cache/deployment/wrangler.json"), "utf8"));
    expect(config).toMatchObject({
      name: "harbour",
      keep_vars: true,
      workers_dev: false,
      routes: [{ pattern: "ada.example.org", custom_domain: true }],
      r2_buckets: [{ binding: "MEDIA", bucket_name: "harbour-media" }],
    });
  });

  it("says how to log in when nobody is, and asks nobody who is not there", async () => {
    const { code, errors } = await run("deploy.ts");
    expect(code).toBe(1);
    expect(errors).toMatch(/^You are not logged in to Cloudflare\. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN/);
  });

  it("refuses an option that it does not know, with those that it does", async () => {
    const { code, errors } = await run("deploy.ts", "--nmae", "x");
    expect(code).toBe(2);
    expect(errors).toMatch(/Unknown option '--nmae'[\s\S]*--name <name>/);
  });
});

it.each(["deploy.ts", "upgrade.ts", "rollback.ts"])("%s explains itself", async (script) => {
  const { code, out } = await run(script, "--help");
  expect(code).toBe(0);
  expect(out).toContain(`npm run ${script.replace(".ts", "")} [-- options]`);
});

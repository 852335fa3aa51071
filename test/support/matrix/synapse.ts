// A real homeserver (Synapse, from Debian sid) in a folder of its own, for journeys: found at SKERRY_SYNAPSE_ROOT or .cache/synapse-sid,
// where it is put once, by `npm test` before its rounds or by the first start (`node test/support/matrix/synapse.ts` does it alone); that
// needs root, apt-get and one to three minutes. Each start has a database and a port of its own.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { hasCommand, inTurn, run } from "../engine.ts";
import { findPort } from "../runtime.ts";

const ROOT = process.env["SKERRY_SYNAPSE_ROOT"] ?? resolve(import.meta.dirname, "../../../.cache/synapse-sid");
const STARTED_MS = 120_000;
/** Said by whoever has no time for it, and by `npm test` where it could not be fetched. */
const IS_OFF = process.env["SKERRY_SYNAPSE"] === "off";
const READY = "usr/lib/python3/dist-packages/synapse";

export interface MatrixAccount {
  userId: string;
  password: string;
  token: string;
  deviceId: string;
}

/** Why tests against it are left out here, said loudly; undefined: they run. @throws where they have to run. */
export function skipReason(): string | undefined {
  const reason = whyNoSynapse();
  if (reason === undefined) return undefined;
  const text = `NOT TESTED: Matrix against a real homeserver, since ${reason}.`;
  if (process.env["CI"] !== undefined && !IS_OFF) throw new Error(text);
  console.error(text);
  return reason;
}

function whyNoSynapse(): string | undefined {
  if (IS_OFF) return "SKERRY_SYNAPSE=off says so";
  if (process.platform !== "linux") return "Synapse of Debian runs only on Linux";
  if (process.getuid?.() !== 0) return "a homeserver of Debian sid needs root for its folder";
  if (!hasSynapse() && !hasCommand("debootstrap") && !hasCommand("apt-get")) return "there is no apt-get to install it with";
  return undefined;
}

export class Synapse {
  readonly url: string;
  readonly #port: number;
  readonly #dir: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, dir: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#port = port;
    this.#dir = dir;
  }

  static async start(): Promise<Synapse> {
    if (!hasSynapse()) install();
    mkdirSync(join(ROOT, "srv"), { recursive: true });
    const synapse = new Synapse(await findPort(), mkdtempSync(join(ROOT, "srv/skerry-")));
    synapse.#configure();
    await synapse.comeUp();
    return synapse;
  }

  async comeUp(): Promise<void> {
    const inside = `/srv/${basename(this.#dir)}/homeserver.yaml`;
    this.#child = spawn("chroot", [ROOT, "python3", "-m", "synapse.app.homeserver", "-c", inside], { stdio: "ignore" });
    for (const endAt = Date.now() + STARTED_MS; ; ) {
      const answer = await fetch(`${this.url}/_matrix/client/versions`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      if (Date.now() > endAt || this.#child.exitCode !== null) throw new Error("Synapse did not start.");
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  async goDown(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
  }

  /** Logins lasted as long as they may: their devices stay. */
  async endLogins(...devices: string[]): Promise<void> {
    await this.goDown();
    const database = new DatabaseSync(join(this.#dir, "homeserver.db"));
    const end = database.prepare("UPDATE access_tokens SET valid_until_ms = 1 WHERE device_id = ?");
    const unknown = devices.filter((device) => end.run(device).changes === 0);
    database.close();
    if (unknown.length > 0) throw new Error(`No login of ${unknown.join(", ")}.`);
    await this.comeUp();
  }

  async stop(): Promise<void> {
    await this.goDown();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async register(name: string, password = `pw-${name}`): Promise<MatrixAccount> {
    const made = await this.post("/_matrix/client/v3/register", { username: name, password, auth: { type: "m.login.dummy" } });
    return { userId: made["user_id"] ?? "", password, token: made["access_token"] ?? "", deviceId: made["device_id"] ?? "" };
  }

  async post(path: string, body: unknown, token?: string): Promise<Record<string, string>> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  #configure(): void {
    const inside = `/srv/${basename(this.#dir)}`;
    const often = "{per_second: 1000, burst_count: 1000}";
    writeFileSync(
      join(this.#dir, "homeserver.yaml"),
      `server_name: localhost
pid_file: ${inside}/homeserver.pid
listeners: [{port: ${this.#port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{names: [client]}]}]
database: {name: sqlite3, args: {database: ${inside}/homeserver.db}}
media_store_path: ${inside}/media
signing_key_path: ${inside}/signing.key
macaroon_secret_key: ${"m".repeat(40)}
form_secret: ${"f".repeat(40)}
report_stats: false
# A first look that is asked for again within two minutes would be the old one.
caches: {sync_response_cache_duration: 0s}
trusted_key_servers: []
enable_registration: true
enable_registration_without_verification: true
rc_message: ${often}
rc_registration: ${often}
rc_joins: {local: ${often}, remote: ${often}}
rc_invites: {per_room: ${often}, per_user: ${often}, per_issuer: ${often}}
rc_room_creation: ${often}
rc_login: {address: ${often}, account: ${often}, failed_attempts: ${often}}
`,
    );
    const key = ["-m", "synapse.app.homeserver", "-c", `${inside}/homeserver.yaml`, "--generate-keys"];
    execFileSync("chroot", [ROOT, "python3", ...key], { stdio: "ignore" });
  }
}

function hasSynapse(): boolean {
  return existsSync(join(ROOT, READY));
}

/** All of it or nothing: what is half made is made anew. */
function install(): void {
  if (!hasCommand("debootstrap")) {
    inTurn(() => {
      if (hasCommand("debootstrap")) return;
      run("apt-get", ["update", "-qq"]);
      run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "debootstrap"]);
    });
  }
  const make = () => {
    if (hasSynapse()) return;
    console.log("Installing a Matrix homeserver for tests (Synapse of Debian sid, 750 MB, one to three minutes) …");
    const fresh = `${ROOT}.new`;
    // Of one that was broken off.
    spawnSync("umount", ["-q", join(fresh, "proc")]);
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(dirname(fresh), { recursive: true });
    run("debootstrap", ["--variant=minbase", "sid", fresh]);
    // What is served of sid may be older than its list says.
    const hasty = 'DPkg::Options { "--force-unsafe-io"; };\nAcquire::Languages "none";\n';
    writeFileSync(join(fresh, "etc/apt/apt.conf.d/99tests"), `Acquire::Check-Valid-Until "false";\n${hasty}`);
    writeFileSync(join(fresh, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    for (const file of ["resolv.conf", "hosts"]) cpSync(`/etc/${file}`, join(fresh, "etc", file));
    const answers =
      "matrix-synapse matrix-synapse/server-name string localhost\\nmatrix-synapse matrix-synapse/report-stats boolean false\\n";
    const steps = [
      `printf '${answers}' | debconf-set-selections`,
      "apt-get update -q",
      "apt-get install -y -q --no-install-recommends matrix-synapse",
      "apt-get clean",
    ];
    run("chroot", [fresh, "sh", "-ec", steps.join("\n")]);
    spawnSync("umount", ["-q", join(fresh, "proc")]);
    rmSync(ROOT, { recursive: true, force: true });
    renameSync(fresh, ROOT);
  };
  inTurn(make, "synapse");
}

if (import.meta.main && whyNoSynapse() === undefined && !hasSynapse()) install();

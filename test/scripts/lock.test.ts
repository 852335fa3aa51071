// The lock file must hold for every machine: `npm ci` refuses one that leaves out another platform's optional packages,
// and npm itself leaves them out when the registry it asks does not have them. The same for the packages that the bridge fetches with a
// channel: what is written down is all that comes, from whichever registry, to the last byte.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  inBundle?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
type Packages = Record<string, Locked>;

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const LINES = join(ROOT, "src/bridge/channels/packages");
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;
/** A dependency that no registry has: a repository, an address, a folder. */
const FOREIGN = /^(git|github:|gitlab:|bitbucket:|gist:|https?:|file:|link:|[\w.-]+\/[\w.-]+(#|$))/;

const packages = readPackages(ROOT);

function readPackages(folder: string): Packages {
  return JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
}

/** Whether a package that stands at `place` finds `name`, as Node looks for it. */
function isLocked(place: string, name: string, packages: Packages): boolean {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/")))) {
    if (packages[from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`]) return true;
    if (from === "") return false;
  }
}

it("names the optional packages of every platform", () => {
  const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(place, name, packages)),
  );
  expect(missing).toEqual([]);
});

it("gives every package a version and none a download address", () => {
  const entries = Object.entries(packages).filter(([place]) => place !== "");
  expect(entries.filter(([, { version }]) => !version).map(([place]) => place)).toEqual([]);
  expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([]);
});

/** What is wrong with the list of a channel's packages. */
function findFaults(manifest: Locked & { scripts?: unknown }, locked: Packages): string[] {
  const wanted = manifest.dependencies ?? {};
  const inexact = Object.entries(wanted).filter(([, version]) => !EXACT.test(version));
  const faults = inexact.map(([name, version]) => `${name} is wanted as ${version}, which is no exact version`);
  if (Object.keys(wanted).length === 0) faults.push("nothing is wanted");
  if (manifest.scripts !== undefined) faults.push("it has scripts of its own");
  if (JSON.stringify(locked[""]?.dependencies) !== JSON.stringify(wanted)) faults.push("the lock is of other wishes");
  for (const [place, entry] of Object.entries(locked).filter(([place]) => place !== "")) {
    const { version = "", resolved, integrity = "", link, inBundle, dependencies = {}, optionalDependencies = {} } = entry;
    if (!EXACT.test(version)) faults.push(`${place} has the version ${version || "none"}`);
    if (!SHA512.test(integrity)) faults.push(`${place} has no sha512 of its bytes`);
    if (resolved !== undefined) faults.push(`${place} names an address: ${resolved}`);
    if (link || inBundle) faults.push(`${place} comes from no registry`);
    for (const [name, range] of Object.entries({ ...dependencies, ...optionalDependencies })) {
      if (FOREIGN.test(range)) faults.push(`${place} wants ${name} from ${range}`);
      if (!isLocked(place, name, locked)) faults.push(`${place} wants ${name}, which is not locked`);
    }
  }
  return faults;
}

describe("the packages that the bridge fetches with a channel", () => {
  const channels = readdirSync(LINES);

  it("are those of the channels with a line at home", () => {
    expect(channels).toEqual(["discord", "imessage", "matrix", "signal", "whatsapp"]);
    for (const channel of channels) expect(existsSync(join(LINES, `../${channel}`)), channel).toBe(true);
  });

  it.each(channels)("are exact, whole, and bound to no registry and no repository: %s", (channel) => {
    const manifest = JSON.parse(readFileSync(join(LINES, channel, "package.json"), "utf8"));
    expect(manifest.private).toBe(true);
    expect(findFaults(manifest, readPackages(join(LINES, channel)))).toEqual([]);
  });

  it("are refused when one of these is amiss", () => {
    const integrity = `sha512-${"A".repeat(86)}==`;
    const good = { version: "1.0.0", integrity };
    const faultsOf = (entry: Locked, wish = "1.0.0") =>
      findFaults({ dependencies: { a: wish } }, { "": { dependencies: { a: wish } }, "node_modules/a": entry });
    expect(faultsOf(good)).toEqual([]);
    expect(faultsOf(good, "^1.0.0")).toEqual(["a is wanted as ^1.0.0, which is no exact version"]);
    expect(faultsOf({ version: "1.0.0" })).toEqual(["node_modules/a has no sha512 of its bytes"]);
    expect(faultsOf({ ...good, resolved: "https://registry.example/a.tgz" })).toHaveLength(1);
    expect(faultsOf({ ...good, version: "git+ssh://git@github.com/x/a.git#1" })).toHaveLength(1);
    expect(faultsOf({ ...good, link: true })).toHaveLength(1);
    expect(faultsOf({ ...good, dependencies: { b: "github:x/b" } })).toHaveLength(2);
    expect(faultsOf({ ...good, dependencies: { b: "x/b" } })).toHaveLength(2);
    expect(faultsOf({ ...good, dependencies: { b: "npm:c@^1" } })).toEqual(["node_modules/a wants b, which is not locked"]);
  });
});

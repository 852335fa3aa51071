// The house holds itself to its rules: arrows of imports, sizes, no cycles, pure rooms, files that say what they are.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const MAX_FILE_LINES = 400;
const MAX_OBJECT_LINES = 250;
const MAX_FOLDER_FILES = 14;

/** Which room may look into which. A room always sees itself. */
const ARROWS: Record<string, string[]> = {
  contract: [],
  browser: ["contract"],
  durable: ["contract", "browser"],
  worker: ["contract", "durable"],
  client: ["contract"],
  web: ["contract", "client"],
  bridge: ["contract", "client", "browser"],
};
/** Single arrows with a reason: the starter and `skerry` name the model in use, as the session would choose it. */
const ALLOWED = [/^src\/bridge\/.* -> src\/durable\/models\/(choice|catalogue)\.ts$/];

const PURE = ["src/durable/agent", "src/durable/models", "src/durable/tools", "src/browser"];
const NODE_OF_CLOUDFLARE = /^cloudflare:|^@cloudflare\//;

interface Source {
  path: string;
  text: string;
  lines: number;
  imports: string[];
}

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const files = walk(join(ROOT, "src")).map((path) => relative(ROOT, path));
const sources: Source[] = files.filter((path) => path.endsWith(".ts")).map(read);
const byPath = new Map(sources.map((source) => [source.path, source]));

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] ?? "");
  return { path, text, lines: text.split("\n").length - 1, imports };
}

function targetOf(source: Source, name: string): string | undefined {
  return name.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(source.path), name)) : undefined;
}

const roomOf = (path: string) => path.split("/")[1] ?? "";

describe("the house", () => {
  test("has imports that point inward only", () => {
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap((name) => {
        const target = targetOf(source, name);
        if (!target?.startsWith("src/")) return [];
        const [from, to] = [roomOf(source.path), roomOf(target)];
        const arrow = `${source.path} -> ${target}`;
        const isFine =
          from === to || !(from in ARROWS) || ARROWS[from]?.includes(to) || ALLOWED.some((allowed) => allowed.test(arrow));
        return isFine ? [] : [arrow];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("imports only what is there, with its ending", () => {
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap((name) => {
        const target = targetOf(source, name);
        return target === undefined || files.includes(target) || !target.startsWith("src/") ? [] : [`${source.path} -> ${name}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("has rooms that know nothing of Cloudflare", () => {
    const wrong = sources.filter(
      (source) =>
        PURE.some((room) => source.path.startsWith(`${room}/`)) && source.imports.some((name) => NODE_OF_CLOUDFLARE.test(name)),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test("has no import cycles", () => {
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      if (state.get(path) === "done") return;
      if (state.get(path) === "open") {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
        return;
      }
      state.set(path, "open");
      const source = byPath.get(path);
      const values = source ? valueImports(source) : [];
      for (const target of values) if (byPath.has(target)) visit(target, [...trail, path]);
      state.set(path, "done");
    };
    for (const source of sources) visit(source.path, []);
    expect(cycles).toEqual([]);
  });

  test("loads a channel's code only when it speaks: nothing of one hangs on what is always there", () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      const source = byPath.get(path);
      if (!source || reached.has(path)) return;
      reached.add(path);
      for (const target of valueImports(source)) visit(target);
    };
    visit("src/worker/index.ts");
    expect(reached.size).toBeGreaterThan(100);
    const heavy = [...reached].filter((path) => /^src\/worker\/channels\/.+\//.test(path));
    expect(heavy).toEqual([]);
  });

  test("keeps its files, objects and folders small", () => {
    const tooLong = sources
      .filter((source) => source.lines > MAX_FILE_LINES)
      .map((source) => `${source.path}: ${source.lines} lines`);
    const objects = sources.filter(
      (source) => /extends (DurableObject|WorkerEntrypoint)\b/.test(source.text) && source.lines > MAX_OBJECT_LINES,
    );
    const counts = new Map<string, number>();
    for (const path of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    const tooFull = [...counts]
      .filter(([, count]) => count > MAX_FOLDER_FILES)
      .map(([folder, count]) => `${folder}: ${count} files`);
    expect([...tooLong, ...objects.map((source) => `${source.path}: ${source.lines} lines`), ...tooFull]).toEqual([]);
  });

  test("has files that say at their top what they are, and names that say what they hold", () => {
    const silent = sources
      .filter((source) => !source.text.startsWith("//") && !source.text.startsWith("/**"))
      .map((source) => source.path);
    const vague = files.filter((path) => /(^|[/.-])(utils?|helpers?|common|manager|base|impl|v2|misc)([/.-]|$)/i.test(path));
    const oddlyNamed = files.filter((path) => !/^[a-z0-9./-]+$/.test(path) && !path.endsWith(".md"));
    expect({ silent, vague, oddlyNamed }).toEqual({ silent: [], vague: [], oddlyNamed: [] });
  });

  test("holds no secret, no path of a machine and no unfinished word", () => {
    const wrong = sources.filter((source) =>
      /\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented|(?<![\w.])\/home\/[a-z]|\/root\/|sk-ant-[a-z0-9]{8}/.test(source.text),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });
});

/** Imports that exist at run time: a cycle of types alone is none. */
function valueImports(source: Source): string[] {
  return [...source.text.matchAll(/^(?:import|export)\s+(?!type\b)([^;]*?)from\s+["'](\.[^"']+)["']/gm)].flatMap((match) => {
    const names = match[1] ?? "";
    const isTypesOnly =
      /^\{[^}]*\}\s*$/.test(names) &&
      names
        .replace(/[{}]/g, "")
        .split(",")
        .filter((name) => name.trim() !== "")
        .every((name) => /^\s*type\s/.test(name));
    const target = isTypesOnly ? undefined : targetOf(source, match[2] ?? "");
    return target ? [target] : [];
  });
}

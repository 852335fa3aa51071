// The three bundles of a build, each made by esbuild into a folder of its own.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

const compress = promisify(brotliCompress);

const PAGES = ["index.html", "closed.html"];

const COMMON: BuildOptions = {
  bundle: true,
  format: "esm",
  target: "es2024",
  minify: true,
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
  metafile: true,
  loader: { ".md": "text" },
};

/** The Worker with its four objects: index.js, and chunks that load when they are first imported. */
export async function bundleWorker(root: string, outdir: string): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: { index: join(root, "src/worker/index.ts") },
    outdir,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["cloudflare:*", "node:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [nodeBuiltins, englishOnly],
  });
}

/**
 * The pages, and beside them the one that shows their design and the one of a tab that was handed over: hashed scripts and styles, fonts
 * and pictures, the HTML that names them, and a manifest of the first. The others are built apart, so that the first is cut into the same
 * files with them or without.
 */
export async function bundleWeb(root: string, outdir: string, compressedDir: string): Promise<void> {
  const source = join(root, "src/web");
  const built = await bundlePages(root, outdir, PAGES);
  await bundlePages(root, outdir, ["design.html"]);
  await bundlePages(root, outdir, ["browser.html"]);
  writeFileSync(join(outdir, "manifest.json"), `${JSON.stringify(Object.fromEntries(built), null, 2)}\n`);
  for (const name of ["robots.txt", "favicon.ico", "favicon.svg"]) {
    const path = join(source, "assets", name);
    if (existsSync(path)) copyFileSync(path, join(outdir, name));
  }
  await compressWeb(outdir, compressedDir);
}

/** Pages that share their files, and all that they refer to. Answers source path → built path. */
async function bundlePages(root: string, outdir: string, names: readonly string[]): Promise<Map<string, string>> {
  const source = join(root, "src/web");
  const pages = names.map((name) => ({ name, html: readFileSync(join(source, name), "utf8") }));
  const references = new Set(pages.flatMap(({ html }) => [...findReferences(html)]));
  const result = await build({
    ...COMMON,
    // Whatever a page refers to relatively is an entry: scripts, styles, icons.
    entryPoints: [...references].map((path) => join(source, path)),
    outbase: source,
    outdir,
    splitting: true,
    platform: "browser",
    target: ["es2022", "chrome120", "firefox121", "safari17"],
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    conditions: ["browser", "production"],
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".woff2": "copy", ".svg": "copy", ".png": "file", ".ico": "copy", ".webmanifest": "copy" },
    absWorkingDir: root,
  });
  const built = nameOutputs(result.metafile, root, source, outdir);
  for (const { name, html } of pages) {
    const named = [...findReferences(html)].reduce((text, path) => {
      const output = built.get(path);
      if (output === undefined) throw new Error(`src/web/${name} refers to ${path}, which the build did not make`);
      return text.replaceAll(`"./${path}"`, `"/${output}"`).replaceAll(`"/${path}"`, `"/${output}"`);
    }, html);
    writeFileSync(join(outdir, name), named);
  }
  return built;
}

/** The page's texts, compressed: what Cloudflare does by itself, and the assets of this machine hand out. */
async function compressWeb(webDir: string, outdir: string): Promise<void> {
  const texts = readdirSync(webDir, { recursive: true, encoding: "utf8" }).filter((path) => /\.(js|css|html|svg)$/.test(path));
  await Promise.all(
    texts.map(async (path) => {
      mkdirSync(dirname(join(outdir, path)), { recursive: true });
      writeFileSync(join(outdir, path), await compress(readFileSync(join(webDir, path))));
    }),
  );
}

/** The program of `npm start`, and what stands in for Cloudflare's assets and R2. The bucket is Miniflare's own, in one file. */
export async function bundleLocal(root: string, outdir: string, miniflareDir: string): Promise<void> {
  mkdirSync(outdir, { recursive: true });
  const workers = join(miniflareDir, "workers");
  copyFileSync(join(workers, "shared/object-entry.worker.js"), join(outdir, "media.js"));
  await Promise.all([
    build({ ...COMMON, entryPoints: { assets: join(root, "src/bridge/local/assets-worker.ts") }, outdir }),
    build({
      ...COMMON,
      entryPoints: { start: join(root, "src/bridge/local/main.ts") },
      outdir,
      // What is beside Skerry is read after it runs.
      splitting: true,
      chunkNames: "[name]-[hash]",
      platform: "node",
      packages: "external",
      minify: false,
    }),
    build({
      ...COMMON,
      entryPoints: { bucket: join(workers, "r2/bucket.worker.js") },
      outdir,
      external: ["node:*", "cloudflare:*"],
      alias: {
        "miniflare:shared": join(workers, "shared/index.worker.js"),
        "miniflare:zod": join(workers, "shared/zod.worker.js"),
        "node-internal:internal_assert": "node:assert",
        "node-internal:internal_buffer": "node:buffer",
      },
    }),
  ]);
}

/**
 * Packages that name Node's modules without "node:", or by require: the runtime has them under their full name only,
 * and an ES module cannot require.
 */
const nodeBuiltins: Plugin = {
  name: "node-builtins",
  setup(plugin) {
    const names = builtinModules.filter((name) => !name.startsWith("_"));
    const filter = new RegExp(`^(node:)?(${names.map((name) => name.replaceAll("/", "\\/")).join("|")})$`);
    plugin.onResolve({ filter }, ({ path, kind }) => {
      const full = path.startsWith("node:") ? path : `node:${path}`;
      return kind === "require-call" ? { path: full, namespace: "required-builtin" } : { path: full, external: true };
    });
    plugin.onLoad({ filter: /.*/, namespace: "required-builtin" }, ({ path }) => ({
      contents: `import builtin from ${JSON.stringify(path)}; module.exports = builtin;`,
      loader: "js",
    }));
  },
};

/** zod brings its sentences in fifty languages along, two thirds of the Worker; ours are English. */
const englishOnly: Plugin = {
  name: "zod-in-english",
  setup(plugin) {
    plugin.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
  },
};

/** Relative addresses in the page's `src` and `href`. */
function findReferences(page: string): Set<string> {
  const found = page.matchAll(/(?:src|href)="(?:\.\/|\/)([^"#?:]+\.[a-z0-9]+)"/g);
  return new Set(Array.from(found, (match) => match[1] ?? "").filter((path) => path !== ""));
}

/** Source path below src/web → path below dist/web; for a script the styles it brought are listed as its own. */
function nameOutputs(metafile: Metafile | undefined, root: string, source: string, outdir: string): Map<string, string> {
  const named = new Map<string, string>();
  const below = (path: string, dir: string) => {
    const whole = join(root, path);
    return whole.startsWith(`${dir}/`) ? whole.slice(dir.length + 1) : undefined;
  };
  for (const [output, about] of Object.entries(metafile?.outputs ?? {})) {
    const to = below(output, outdir);
    if (to === undefined) continue;
    const inputs = Object.keys(about.inputs);
    const only = inputs.length === 1 ? inputs[0] : undefined;
    const from = below(about.entryPoint ?? only ?? "", source);
    named.set(from !== undefined && !named.has(from) ? from : basename(to), to);
  }
  return named;
}

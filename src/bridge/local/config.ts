// The configuration that workerd runs from, as Cap'n Proto text: the Worker with its four objects, R2 (Miniflare's own
// bucket, bundled), the page's files, and the way out to the network. Values of variables are never written here:
// workerd takes them from its environment. The file is its owner's alone: it holds the secret of this run's browser binding.
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** The date whose runtime behaviour the Worker is written for; the same as in wrangler.toml. */
const COMPATIBILITY_DATE = "2026-11-01";
/** Miniflare's bucket uses a part of SQLite's interface that workerd keeps behind this flag. */
const BUCKET_COMPATIBILITY = { date: "2023-07-24", flags: ["nodejs_compat", "experimental"] };

const OBJECTS = [
  { binding: "DIRECTORY", className: "Directory" },
  { binding: "SESSION", className: "Session" },
  { binding: "WORKSPACE", className: "Workspace" },
  { binding: "GATEWAY", className: "Gateway" },
];

export interface ConfigRequest {
  /** Folder that the configuration file will lie in: embedded files are named relative to it. */
  configDir: string;
  /** `dist` of the build. */
  distDir: string;
  /** Where the objects' databases and the stored files lie. */
  objectsDir: string;
  mediaDir: string;
  host: string;
  port: number;
  /** Names of the variables that the Worker may read. */
  variables: string[];
  /** Where the browser binding is served, and what its requests carry; absent: there is none. */
  browser?: { address: string; secret: string } | undefined;
  /** PEM texts to trust besides the machine's own. */
  certificates: string[];
}

/** Writes the whole configuration; the constant is called `config`. */
export function writeConfig(request: ConfigRequest): string {
  const embed = (path: string) => `embed ${quote(relative(request.configDir, path).split(sep).join("/"))}`;
  const esModules = (dir: string, entry: string) =>
    [entry, ...listModules(dir).filter((path) => path !== entry)]
      .map((path) => `(name = ${quote(path)}, esModule = ${embed(join(dir, path))})`)
      .join(",\n        ");
  const local = (file: string) => `(name = ${quote(file)}, esModule = ${embed(join(request.distDir, "local", file))})`;

  const bindings = [
    ...OBJECTS.map(({ binding, className }) => `(name = ${quote(binding)}, durableObjectNamespace = ${quote(className)})`),
    `(name = "MEDIA", r2Bucket = (name = "media", props = (json = ${quote(JSON.stringify({ MINIFLARE_NAMESPACE: "skerry-media" }))})))`,
    `(name = "ASSETS", service = "assets")`,
    `(name = "OUTSIDE", service = "outside")`,
    ...(request.browser ? [`(name = "BROWSER", service = "browser")`] : []),
    ...request.variables.map((name) => `(name = ${quote(name)}, fromEnvironment = ${quote(name)})`),
  ];
  const namespaces = OBJECTS.map(
    ({ className }) => `(className = ${quote(className)}, uniqueKey = ${quote(`skerry-${className}`)}, enableSql = true)`,
  );
  const browser = request.browser ? browserService(request.browser) : "";
  const trusted = request.certificates.map((pem) => quote(pem)).join(", ");

  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (

  services = [
    (name = "skerry", worker = (
      modules = [
        ${esModules(join(request.distDir, "worker"), "index.js")}
      ],
      compatibilityDate = ${quote(COMPATIBILITY_DATE)},
      bindings = [
        ${bindings.join(",\n        ")}
      ],
      durableObjectNamespaces = [
        ${namespaces.join(",\n        ")}
      ],
      durableObjectStorage = (localDisk = "objects"),
    )),
    (name = "assets", worker = (
      modules = [${local("assets.js")}],
      compatibilityDate = ${quote(COMPATIBILITY_DATE)},
      bindings = [(name = "FILES", service = "web"), (name = "COMPRESSED", service = "web-br")],
    )),
    (name = "media", worker = (
      modules = [${local("media.js")}],
      compatibilityDate = ${quote(COMPATIBILITY_DATE)},
      bindings = [(name = "MINIFLARE_OBJECT", durableObjectNamespace = (className = "R2BucketObject", serviceName = "bucket"))],
    )),
    (name = "bucket", worker = (
      modules = [${local("bucket.js")}],
      compatibilityDate = ${quote(BUCKET_COMPATIBILITY.date)},
      compatibilityFlags = [${BUCKET_COMPATIBILITY.flags.map(quote).join(", ")}],
      durableObjectNamespaces = [(className = "R2BucketObject", uniqueKey = "skerry-media", enableSql = true)],
      durableObjectStorage = (localDisk = "media-files"),
      bindings = [(name = "MINIFLARE_BLOBS", service = "media-files")],
    )),
    (name = "objects", disk = (path = ${quote(request.objectsDir)}, writable = true)),
    (name = "media-files", disk = (path = ${quote(request.mediaDir)}, writable = true)),
    (name = "web", disk = (path = ${quote(join(request.distDir, "web"))})),
    (name = "outside", network = (allow = ["public"], tlsOptions = (trustBrowserCas = true, trustedCertificates = [${trusted}]))),
${browser}    (name = "web-br", disk = (path = ${quote(join(request.distDir, "local/br"))})),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true, trustedCertificates = [${trusted}]),
    )),
  ],
  sockets = [(
    name = "http",
    address = ${quote(`${request.host}:${request.port}`)},
    http = (injectRequestHeaders = [(name = "CF-Connecting-IP", value = "127.0.0.1")]),
    service = "skerry",
  )],
);
`;
}

function browserService({ address, secret }: { address: string; secret: string }): string {
  const headers = `[(name = "authorization", value = ${quote(`Bearer ${secret}`)})]`;
  return `    (name = "browser", external = (address = ${quote(address)}, http = (injectRequestHeaders = ${headers}))),\n`;
}

/** A Cap'n Proto text literal. JSON's escapes are a subset of it, but for the \\u form, which control characters alone need. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([0-9a-f]{2})/g, "\\x$1");
}

function listModules(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith(".js"))
    .map((file) => relative(dir, join(file.parentPath, file.name)).split(sep).join("/"))
    .sort();
}

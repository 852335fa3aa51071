// Kinds of tests: `node` (pure parts), `workers` (objects in real workerd), `journeys` (a started Skerry), `waits`, which are journeys
// that mostly wait, and `clocks`, which look at the clock: one at a time, when nothing else runs. `npm test` says how many run at once.
import { readFile } from "node:fs/promises";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, type Plugin } from "vitest/config";

/** Markdown imported as text, as the bundle does. */
const markdown: Plugin = {
  name: "markdown-as-text",
  enforce: "pre",
  async load(id) {
    return id.endsWith(".md") ? `export default ${JSON.stringify(await readFile(id, "utf8"))};` : undefined;
  },
};

const WAITS = ["discord-gateway", "imessage", "imsg", "matrix", "signal", "telegram-things", "whatsapp-linked"].map(
  (name) => `test/journeys/channels/${name}.test.ts`,
);

const CLOCKS = ["crash", "lighthouse", "start", "webchat", "webchat-long", "trouble/!(foreign-pages)"].map(
  (name) => `test/journeys/${name}.test.ts`,
);

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        plugins: [markdown],
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.workers.test.ts", "test/journeys/**"],
          setupFiles: ["test/support/property-seed.ts"],
          testTimeout: 20_000,
        },
      },
      {
        plugins: [
          markdown,
          cloudflareTest({
            main: "./src/worker/index.ts",
            remoteBindings: false,
            miniflare: {
              compatibilityDate: "2026-11-01",
              durableObjects: {
                DIRECTORY: { className: "Directory", useSQLite: true },
                SESSION: { className: "Session", useSQLite: true },
                WORKSPACE: { className: "Workspace", useSQLite: true },
                GATEWAY: { className: "Gateway", useSQLite: true },
              },
              r2Buckets: ["MEDIA"],
              bindings: {
                SKERRY_TOKEN: "test-token-0123456789abcdef",
                SKERRY_RUNTIME: "local",
                // No platform is asked from here: nobody listens there.
                TELEGRAM_API_ROOT: "http://127.0.0.1:9",
                WHATSAPP_API_URL: "http://127.0.0.1:9",
                SLACK_API_URL: "http://127.0.0.1:9",
              },
            },
          }),
        ],
        test: { name: "workers", include: ["test/**/*.workers.test.ts"], testTimeout: 20_000 },
      },
      {
        test: {
          name: "journeys",
          include: ["test/journeys/**/*.test.ts"],
          exclude: [...WAITS, ...CLOCKS],
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: { name: "waits", include: WAITS, testTimeout: 90_000, hookTimeout: 90_000 },
      },
      {
        test: { name: "clocks", include: CLOCKS, testTimeout: 90_000, hookTimeout: 60_000, fileParallelism: false },
      },
    ],
  },
});

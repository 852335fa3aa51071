// A driven agent whose Skerry has both browsers of this machine: the one of a bridge beside it, and the one behind the Worker's binding.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBrowser } from "./browser.ts";
import type { Pages } from "./browser-pages.ts";
import { type DrivenAgent, openDrivenAgent } from "./driven-agent.ts";

const OFFERED_MS = 30_000;

export async function openDrivenBrowser(pages: Pick<Pages, "hosts">): Promise<DrivenAgent> {
  const dir = mkdtempSync(join(tmpdir(), "skerry-driven-browser-"));
  // Tests may run as root, where Chromium has no sandbox of its own.
  const config = { name: "nas", browser: { path: findBrowser(), sandbox: process.getuid?.() !== 0 } };
  writeFileSync(join(dir, "bridge.json"), JSON.stringify(config));
  const agent = await openDrivenAgent({
    env: {
      SKERRY_BRIDGE: "on",
      SKERRY_BROWSER: "on",
      SKERRY_BRIDGE_CONFIG: join(dir, "bridge.json"),
      SKERRY_ALLOWED_HOSTS: pages.hosts.join(","),
    },
  });
  const close = async () => {
    await agent.close();
    rmSync(dir, { recursive: true, force: true });
  };
  for (const endAt = Date.now() + OFFERED_MS; ; ) {
    if (JSON.stringify(await agent.operator.client.request("node.list", {})).includes("browser.do")) break;
    if (Date.now() > endAt) {
      const errors = agent.skerry.errors();
      await close();
      throw new Error(`No machine offers a browser: ${errors}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { ...agent, close };
}

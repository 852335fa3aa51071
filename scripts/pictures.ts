// Makes the pictures of the README anew, from a real Skerry, a scripted model and a real browser:
// `npm run pictures` writes docs/pictures/*.png.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../test/support/browser.ts";
import { ModelServer } from "../test/support/model-server/server.ts";
import { type Skerry, startSkerry } from "../test/support/runtime.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const PICTURES = join(ROOT, "docs/pictures");
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

const PLAN = `Here is a plan that fits the tide. High water at the sound is **14:10**, so the channel is open from about noon.

| when | what |
| --- | --- |
| 11:30 | Load the boat, check fuel and flares |
| 12:15 | Leave the harbour on the rising tide |
| 14:00 | Anchor in the lee of the skerry, lunch |
| 16:30 | Back before the wind turns |

I noted it in \`plans/saturday.md\` and worked out the fuel:

\`\`\`python
distance = 2 * 7.4          # nautical miles
litres = distance * 1.1 + 5 # a reserve of five
print(f"{litres:.0f} litres")
\`\`\`

Shall I write to Ada that we leave at a quarter past twelve?`;

async function talk(page: Page): Promise<void> {
  await page.getByRole("textbox").first().fill("Plan Saturday's trip to the skerry. Mind the tide.");
  await page.keyboard.press("Enter");
  await page.getByText("Shall I write to Ada").first().waitFor({ timeout: 10_000 });
  await page.waitForTimeout(600);
}

async function open(
  browser: Browser,
  skerry: Skerry,
  code: string,
  size: typeof DESKTOP,
  colorScheme: "light" | "dark",
): Promise<Page> {
  const context = await browser.newContext({ viewport: size, colorScheme, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.goto(`${skerry.url}/#code=${code}`);
  await page.getByRole("textbox").first().waitFor();
  await page.waitForTimeout(400);
  return page;
}

async function mintCode(skerry: Skerry): Promise<string> {
  const answer = await fetch(`${skerry.url}/auth/link`, { method: "POST", headers: { authorization: `Bearer ${skerry.token}` } });
  return ((await answer.json()) as { code: string }).code;
}

/** What the command line prints, drawn as a terminal. */
async function pictureTerminal(browser: Browser, skerry: Skerry): Promise<void> {
  const commands = [["status"], ["chat", "--session", "terminal", "what is in my workspace?"]];
  let text = "";
  for (const command of commands) {
    const quoted = command.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" ");
    text += `$ npx skerry ${quoted}\n${await run([join(ROOT, "bin/skerry.mjs"), ...command], skerry)}\n`;
  }
  const page = await browser.newPage({ viewport: { width: 900, height: 560 }, deviceScaleFactor: 2 });
  await page.setContent(
    `<style>body{margin:0;background:#10181c}pre{margin:0;padding:28px 32px;color:#d5e3e6;font:15px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre-wrap}</style><pre></pre>`,
  );
  await page.evaluate((content) => {
    const pre = document.querySelector("pre");
    if (pre) pre.textContent = content;
  }, text.trimEnd());
  await page.locator("pre").screenshot({ path: join(PICTURES, "terminal.png") });
}

function run(args: string[], skerry: Skerry): Promise<string> {
  return new Promise((resolveRun, reject) => {
    const child = spawn(process.execPath, args, {
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        SKERRY_URL: skerry.url,
        SKERRY_TOKEN: skerry.token,
        NO_COLOR: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once("error", reject);
    child.once("exit", () => resolveRun(said));
  });
}

mkdirSync(PICTURES, { recursive: true });
const model = await ModelServer.start();
model.handler = ({ body }) => {
  const asked = JSON.stringify(body["messages"]);
  if (asked.includes("what is in my workspace")) {
    return asked.includes("tool_result")
      ? { say: "Your notes: SOUL.md, USER.md, MEMORY.md, and the plan for Saturday in plans/." }
      : { tool: "ls", args: {} };
  }
  if (!asked.includes("tool_result")) {
    return {
      before: "Let me look at what I know of the sound, then write it down.",
      tool: "memory_search",
      args: { query: "tide sound skerry" },
    };
  }
  return asked.includes("plans/saturday.md")
    ? { say: PLAN, usage: { input: 420, output: 260, cacheRead: 2300 } }
    : {
        tool: "write",
        calls: 2,
        args: { path: "plans/saturday.md", content: "# Saturday\n12:15 leave, 14:00 anchor, 16:30 back\n" },
      };
};
const skerry = await startSkerry({
  env: { ANTHROPIC_API_KEY: "for-the-picture", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" },
});
const browser = await launchBrowser();
try {
  const light = await open(browser, skerry, await mintCode(skerry), DESKTOP, "light");
  await light.screenshot({ path: join(PICTURES, "webchat-light.png") });
  await talk(light);
  await light.screenshot({ path: join(PICTURES, "webchat.png") });
  const phone = await open(browser, skerry, await mintCode(skerry), PHONE, "dark");
  await phone.getByText("Shall I write to Ada").first().waitFor();
  await phone.waitForTimeout(600);
  await phone.screenshot({ path: join(PICTURES, "webchat-phone.png") });
  await pictureTerminal(browser, skerry);
} finally {
  await browser.close();
  await skerry.stop();
  await model.stop();
}

// The rooms in which a person sets Skerry up: a key, a model, the agent's files, skills and settings, on a started Skerry
// with a scripted model server as the provider.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBarriers } from "../support/barriers.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { openOperator } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { openVisit, type Visit } from "../support/visit.ts";
import { openSession, waitForAnswer, write } from "../support/webchat.ts";

const GOOD_KEY = "sk-good-0123456789-abcdef-qrst";
const BAD_KEY = "sk-wrong-0123456789-abcdef-uvwx";

let provider: ModelServer;
let visit: Visit;
let skerry: Skerry;
let page: Page;
let complaints: string[];
const frames: string[] = [];

beforeAll(async () => {
  provider = await ModelServer.start();
  const env = { ANTHROPIC_BASE_URL: provider.url, OPENAI_BASE_URL: `${provider.url}/v1` };
  visit = await openVisit({
    model: provider,
    env,
    profile: { viewport: { width: 1440, height: 900 } },
    prepare(_skerry, profile) {
      profile.on("page", (opened) => {
        opened.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
      });
    },
  });
  ({ skerry, page, complaints } = visit);
});
afterAll(() => visit?.close());

async function open(room: string, tab = page): Promise<void> {
  await tab.evaluate((place) => {
    location.hash = `#/control/${place}`;
  }, room);
}

/** Everything that is stored, as bytes. */
function readState(): string {
  const files = readdirSync(skerry.stateDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
}

const anthropic = () => page.locator("sk-key-row", { hasText: "Anthropic" });

describe("a key given in the page", () => {
  it("that is wrong is told so at once, and not kept", async () => {
    provider.push({ fault: 401, message: "invalid x-api-key" });
    await open("models");
    await anthropic().getByRole("button", { name: "Give a key of Anthropic" }).click();
    await anthropic().getByLabel("Key of Anthropic", { exact: true }).fill(BAD_KEY);
    await page.keyboard.press("Enter");
    await anthropic().getByText("Anthropic does not accept this key").waitFor();
    expect(await anthropic().getByRole("button", { name: "Save it anyway" }).count()).toBe(1);
    expect(await findBarriers(page)).toEqual([]);
    expect(readState()).not.toContain(BAD_KEY);
  });

  it("that is right is kept, shown by its end alone, and nowhere in the clear", async () => {
    await anthropic().getByLabel("Key of Anthropic", { exact: true }).fill(GOOD_KEY);
    await page.keyboard.press("Enter");
    await anthropic().getByText("Saved. Anthropic accepts the key").waitFor();
    await anthropic().getByText("••••qrst").waitFor();
    expect(provider.requests.at(-1)?.headers["x-api-key"]).toBe(GOOD_KEY);
    expect(await page.content()).not.toContain(GOOD_KEY);
    expect(frames.join("\n")).not.toContain(GOOD_KEY);
    expect(readState()).not.toContain(GOOD_KEY);
    expect(skerry.output() + skerry.errors()).not.toContain(GOOD_KEY);
  });

  it("lets a model be chosen, which answers the next message with that key", async () => {
    await page.getByRole("searchbox", { name: "Search models" }).fill("anthropic");
    const use = page.getByRole("button", { name: /^Use / }).first();
    const name = ((await use.getAttribute("aria-label")) ?? "").replace(/^Use /, "");
    await use.click();
    await page.locator("tr", { hasText: name }).getByText("Answers now").waitFor();
    provider.push({ say: "Answered with the new key." });
    await openSession(page, "with-a-key");
    await write(page, "Who answers?");
    expect(await waitForAnswer(page, 1)).toBe("Answered with the new key.");
    expect(provider.requests.at(-1)?.headers["x-api-key"]).toBe(GOOD_KEY);
  });

  it("can be tried again, and is gone when it is removed", async () => {
    await open("models");
    await anthropic().getByRole("button", { name: "Test the key of Anthropic" }).click();
    await anthropic().getByText("Anthropic accepts the key").waitFor();
    await anthropic().getByRole("button", { name: "Remove the key of Anthropic" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await anthropic().getByText("No key").waitFor();
  });
});

describe("a stored key", () => {
  it("outlives a restart, and is asked for again when the owner's token is another", async () => {
    const parent = mkdtempSync(join(tmpdir(), "skerry-keys-"));
    const stateDir = join(parent, "state");
    const stateOfKey = async (run: Skerry, given?: string) => {
      const operator = await openOperator(run);
      if (given) await operator.client.request("models.auth.set", { provider: "mistral", key: given, force: true });
      const { providers } = await operator.client.request<{ providers: { provider: string; state: string }[] }>(
        "models.auth.list",
        {},
      );
      operator.close();
      await run.stop();
      return providers.find((row) => row.provider === "mistral")?.state;
    };
    expect(await stateOfKey(await startSkerry({ stateDir }), GOOD_KEY)).toBe("set");
    expect(await stateOfKey(await startSkerry({ stateDir }))).toBe("set");
    const env = { SKERRY_TOKEN: "another-token-0123456789abcdef" };
    expect(await stateOfKey(await startSkerry({ stateDir, env }))).toBe("unreadable");
    rmSync(parent, { recursive: true, force: true });
  });
});

describe("the agent's files", () => {
  it("are written with an unsaved mark, saved by keyboard, and read as Markdown", async () => {
    await open("files/SOUL.md");
    const text = page.getByLabel("Text of SOUL.md");
    await text.fill("# Calm\n\nSpeak **briefly**.\n");
    await page.getByText("Not saved").waitFor();
    await text.press("Control+s");
    await page.locator(".file-state", { hasText: "Saved" }).waitFor();
    await page.getByRole("button", { name: "Read", exact: true }).click();
    expect(await page.locator("sk-file-editor strong").textContent()).toBe("briefly");
    expect(await findBarriers(page)).toEqual([]);
  });

  it("have a history: what changed, and the way back", async () => {
    await page.getByRole("button", { name: "History" }).click();
    await page
      .getByRole("button", { name: /^Compare with now/ })
      .first()
      .click();
    await page.locator(".diff ins", { hasText: "Speak **briefly**." }).waitFor();
    expect(await page.locator(".diff del").count()).toBeGreaterThan(0);
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: /^Restore version/ }).click();
    await page.getByText(/is back/).waitFor();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    expect(await page.getByLabel("Text of SOUL.md").inputValue()).not.toContain("briefly");
  });

  it("changed elsewhere meanwhile are not overwritten before one saw the difference", async () => {
    await page.getByLabel("Text of SOUL.md").fill("Mine.\n");
    const operator = await openOperator(skerry);
    await operator.client.request("agents.files.set", { name: "SOUL.md", content: "Theirs.\n" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("was changed elsewhere while you wrote").waitFor();
    expect(await page.locator(".conflict del").textContent()).toContain("Theirs.");
    await page.getByRole("button", { name: "Save mine" }).click();
    await page.locator(".file-state", { hasText: "Saved" }).waitFor();
    const { file } = await operator.client.request<{ file: { content: string } }>("agents.files.get", { name: "SOUL.md" });
    expect(file.content).toBe("Mine.\n");
    operator.close();
  });

  it("that are not saved wait while one looks elsewhere", async () => {
    await page.getByLabel("Text of SOUL.md").fill("Half a thought");
    await open("skills");
    await page.getByRole("switch").first().waitFor();
    await open("files/SOUL.md");
    await expect.poll(() => page.getByLabel("Text of SOUL.md").inputValue()).toBe("Half a thought");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".file-state", { hasText: "Saved" }).waitFor();
  });
});

describe("skills", () => {
  it("are read, switched off and on", async () => {
    await open("skills");
    const weather = page.locator("sk-skill-row", { hasText: "weather" }).first();
    await weather.getByRole("button", { name: "Read weather" }).click();
    await weather.locator("sk-markdown > div").first().waitFor();
    await weather.getByRole("switch").click();
    await weather.getByText("it is switched off").waitFor();
    expect(await weather.getByRole("switch").getAttribute("aria-checked")).toBe("false");
    expect(await findBarriers(page)).toEqual([]);
    await weather.getByRole("switch").click();
    await expect.poll(() => weather.getByRole("switch").getAttribute("aria-checked")).toBe("true");
  });
});

describe("settings", () => {
  it("are changed in the form, seen as a difference, then applied", async () => {
    await open("settings");
    await page.getByLabel("Name", { exact: true }).first().fill("Ada");
    await page.getByLabel("Name", { exact: true }).first().press("Tab");
    expect(await page.getByLabel("Document").inputValue()).toContain('"name": "Ada"');
    await page.getByRole("button", { name: "Review changes" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("ins", { hasText: '"name": "Ada"' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Apply" }).click();
    await page.getByText("The settings are applied.").last().waitFor();
    expect(await page.getByRole("button", { name: "Review changes" }).count()).toBe(0);
  });

  it("say what is wrong at the field, with its path, and keep what was there", async () => {
    await page.getByLabel("Time zone").first().fill("Nowhere/City");
    await page.getByLabel("Time zone").first().press("Tab");
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
    const error = page.locator(".field-error", { hasText: "agents.defaults.timeZone" });
    await error.waitFor();
    expect(await error.textContent()).toContain("IANA");
    await page.getByRole("button", { name: "Discard" }).click();
    expect(await page.getByLabel("Time zone").first().inputValue()).toBe("");
  });

  it("lock the form while the document is no JSON", async () => {
    const before = await page.getByLabel("Document").inputValue();
    await page.getByLabel("Document").fill("{ broken");
    await page.getByText("This is no JSON yet").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).first().isDisabled()).toBe(true);
    expect(await page.getByRole("button", { name: "Review changes" }).isDisabled()).toBe(true);
    await page.getByLabel("Document").fill(before);
    await expect.poll(() => page.getByLabel("Name", { exact: true }).first().isDisabled()).toBe(false);
  });

  it("do not take from somebody what they are writing when something else is changed elsewhere", async () => {
    const zone = page.getByLabel("Time zone").first();
    await zone.fill("Europe/Os");
    const operator = await openOperator(skerry);
    await operator.client.request("config.patch", { patch: { messages: { queue: { cap: 9 } } } });
    await expect.poll(() => page.getByLabel("Document").inputValue()).toContain('"cap": 9');
    expect(await zone.inputValue()).toBe("Europe/Os");
    await zone.pressSequentially("lo");
    await zone.press("Tab");
    expect(await page.getByLabel("Document").inputValue()).toContain('"timeZone": "Europe/Oslo"');
    await page.getByRole("button", { name: "Discard" }).click();
    expect(await zone.inputValue()).toBe("");
    await operator.client.request("config.patch", { patch: { messages: null } });
    await expect.poll(() => page.getByLabel("Document").inputValue()).not.toContain("cap");
    operator.close();
    // What was told of it is gone as well.
    await page.reload();
    await zone.waitFor();
  });

  it("changed elsewhere meanwhile keep both changes", async () => {
    await page.getByLabel("Name", { exact: true }).first().fill("Grace");
    await page.getByLabel("Name", { exact: true }).first().press("Tab");
    const operator = await openOperator(skerry);
    await operator.client.request("config.patch", { patch: { messages: { queue: { cap: 7 } } } });
    await page.getByText("They touch other settings than yours").waitFor();
    expect(await page.getByRole("button", { name: "Review changes" }).isDisabled()).toBe(true);
    await page.getByText("What was changed elsewhere").click();
    expect(await page.locator(".notice ins").allTextContents()).toContainEqual(expect.stringContaining('"cap": 7'));
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Put mine on top" }).click();
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: "Review changes" }).waitFor({ state: "detached" });
    const { parsed } = await operator.client.request<{ parsed: unknown }>("config.get", {});
    expect(parsed).toMatchObject({ agents: { defaults: { name: "Grace" } }, messages: { queue: { cap: 7 } } });
    operator.close();
  });
});

describe("two screens", () => {
  it("show the same: the settings, the models, the skills", async () => {
    const operator = await openOperator(skerry);
    await open("settings");
    await page.getByLabel("Name", { exact: true }).first().waitFor();
    await operator.client.request("config.patch", { patch: { agents: { defaults: { name: "Ada" } } } });
    await expect.poll(() => page.getByLabel("Name", { exact: true }).first().inputValue()).toBe("Ada");
    await page.getByText("The settings were changed elsewhere").waitFor();
    await open("models");
    await page.getByLabel("Default model").waitFor();
    await operator.client.request("config.patch", { patch: { agents: { defaults: { model: "demo/demo" } } } });
    await expect.poll(() => page.getByLabel("Default model").inputValue()).toBe("demo/demo");
    await open("skills");
    const first = page.getByRole("switch").first();
    const name = await first.getAttribute("aria-label");
    const isOn = await first.isChecked();
    const skill = (await operator.client.request<{ skills: { name: string }[] }>("skills.status", {})).skills.find((row) =>
      name?.includes(row.name),
    );
    await operator.client.request("config.patch", {
      patch: { skills: { entries: { [skill?.name ?? ""]: { enabled: !isOn } } } },
    });
    await expect.poll(() => page.getByRole("switch").first().isChecked()).toBe(!isOn);
    await operator.client.request("config.patch", { patch: { agents: { defaults: { model: null } }, skills: null } });
    operator.close();
  });
});

describe("every room", () => {
  it.each([
    [1440, "light"],
    [1440, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("fits %i pixels in %s, without a serious finding", async (width, colorScheme) => {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    for (const [room, sign] of [
      ["models", "sk-key-row"],
      ["files", "sk-files .file-link"],
      ["files/SOUL.md", "sk-file-editor .editor"],
      ["skills", "sk-skill-row"],
      ["settings", "#settings-text"],
    ] as const) {
      await open(room);
      await page.locator(sign).first().waitFor({ state: "attached" });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await findBarriers(page)).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });
});

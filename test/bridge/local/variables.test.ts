import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readVariables } from "../../../src/bridge/local/variables.ts";
import { CHANNEL_FACTS } from "../../../src/contract/channels/facts.ts";

const CHANNEL_PAGES = join(import.meta.dirname, "../../../docs/channels");
const dir = mkdtempSync(join(tmpdir(), "skerry-vars-"));
const file = join(dir, ".dev.vars");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("readVariables", () => {
  it("takes keys and addresses by their forms and leaves the rest of the environment alone", () => {
    const environment = {
      OPENAI_API_KEY: "k",
      TELEGRAM_BOT_TOKEN: "t",
      TELEGRAM_API_ROOT: "r",
      SKERRY_MODEL: "a/b",
      PATH: "/bin",
      EMPTY_API_KEY: "",
    };
    expect(readVariables(environment, join(dir, "none"))).toEqual({
      OPENAI_API_KEY: "k",
      TELEGRAM_BOT_TOKEN: "t",
      TELEGRAM_API_ROOT: "r",
      SKERRY_MODEL: "a/b",
    });
  });

  it("takes the keys of every channel, and those of their further accounts", () => {
    const keys = CHANNEL_FACTS.flatMap((facts) => facts.keys.flatMap(({ name }) => [name, `${name}__HOME_TWO`]));
    const environment = Object.fromEntries(keys.map((name) => [name, "value"]));
    expect(readVariables({ ...environment, EMAIL_ADDRESS_BOOK: "mine" }, join(dir, "none"))).toEqual(environment);
  });

  it("takes every address that the channels' pages name", () => {
    const pages = readdirSync(CHANNEL_PAGES).filter((name) => name.endsWith(".md"));
    const text = pages.map((name) => readFileSync(join(CHANNEL_PAGES, name), "utf8")).join("\n");
    const named = [...new Set(text.match(/\b[A-Z]+_[A-Z_]+_(?:URL|ROOT)\b/g))];
    expect(named).toEqual(expect.arrayContaining(["GOOGLE_KEYS_URL", "TEAMS_OPENID_URL"]));
    const environment = Object.fromEntries(named.map((name) => [name, "https://elsewhere.example"]));
    expect(readVariables(environment, join(dir, "none"))).toEqual(environment);
  });

  it("takes everything in .dev.vars, with comments and quotes read, and lets the environment win", () => {
    writeFileSync(file, '# a comment\nMY_OWN_NAME="with spaces" # why\nOPENAI_API_KEY=file\nexport GROQ_API_KEY=g\n');
    expect(readVariables({ OPENAI_API_KEY: "environment" }, file)).toEqual({
      MY_OWN_NAME: "with spaces",
      OPENAI_API_KEY: "environment",
      GROQ_API_KEY: "g",
    });
  });

  it("keeps what steers the local program from the Worker", () => {
    expect(readVariables({ SKERRY_STATE_DIR: "/x", SKERRY_URL: "http://y" }, join(dir, "none"))).toEqual({});
  });
});

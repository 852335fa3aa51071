// What `skerry channels add|remove|test discord` does at Discord.
import { beforeEach, expect, test } from "vitest";
import { commands } from "../../../../src/durable/agent/commands.ts";
import { discord } from "../../../../src/worker/channels/discord/discord.ts";
import { commandList } from "../../../../src/worker/channels/discord/setup.ts";
import { APP, makeRig, type Rig } from "./rig.ts";

const ADDRESS = "https://skerry.example/channels/discord";
let rig: Rig;

beforeEach(() => {
  rig = makeRig({ DISCORD_PUBLIC_KEY: "ab".repeat(32) });
});

test("connecting sets the commands and the address, and says what is left to do by hand", async () => {
  const steps = await discord.connect?.(ADDRESS, rig.line);
  expect(steps?.map(({ state }) => state)).toEqual(["done", "done", "by-hand", "by-hand"]);
  expect(rig.discord.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `PUT /applications/${APP}/commands`,
    "PATCH /applications/@me",
  ]);
  expect(rig.discord.asked[1]?.body).toEqual({ interactions_endpoint_url: ADDRESS });
  const link = new URL(/https:\S+/.exec(steps?.[2]?.text ?? "")?.[0] ?? "");
  expect(link.searchParams.get("client_id")).toBe(APP);
  const permissions = BigInt(link.searchParams.get("permissions") ?? 0);
  for (const bit of [10n, 11n, 16n, 38n]) expect((permissions >> bit) & 1n).toBe(1n);
  // Nothing that would let a bot rule a server.
  for (const bit of [1n, 2n, 3n, 4n, 5n, 13n, 17n, 28n]) expect((permissions >> bit) & 1n).toBe(0n);
});

test("an address that Discord cannot call is not given to it: commands and buttons come by the gateway", async () => {
  const steps = await discord.connect?.("http://127.0.0.1:8787/channels/discord", rig.line);
  expect(steps?.[1]).toEqual({ state: "done", text: expect.stringContaining("come by Discord's gateway") });
  expect(rig.discord.asked[1]?.body).toEqual({ interactions_endpoint_url: null });
});

test("every command of the list is there, in a form that Discord takes", () => {
  const list = commandList();
  for (const { name, args } of commands as readonly { name: string; args?: string }[]) {
    const found = list.find((command) => command.name === name);
    expect(found, name).toBeDefined();
    expect(found && "options" in found ? found.options?.length : 0).toBe(args === undefined ? 0 : 1);
  }
  for (const command of list) {
    if (command.type !== 3) expect(command.name).toMatch(/^[-_\p{L}\p{N}]{1,32}$/u);
    if (command.type !== 3) expect(command.name).toBe(command.name.toLowerCase());
    const [option] = ("options" in command && command.options) || [];
    if (option) expect(option.name).toMatch(/^[-_\p{Ll}\p{N}]{1,32}$/u);
  }
  expect(list.find(({ name }) => name === "think")).toMatchObject({ options: [{ name: "choice", choices: { length: 7 } }] });
  expect(list.find(({ name }) => name === "model")).toMatchObject({ options: [{ name: "text" }] });
});

test("what fails is said, and what to do instead", async () => {
  const errors = {
    interactions_endpoint_url: { _errors: [{ message: "The specified interactions endpoint url could not be verified." }] },
  };
  rig.discord.fail(/PATCH/, { status: 400, body: { code: 50035, message: "Invalid Form Body", errors } });
  rig.discord.fail(/PUT/, "break");
  const steps = await discord.connect?.(ADDRESS, rig.line);
  expect(steps?.[0]).toEqual({ state: "failed", text: expect.stringContaining("Discord did not answer") });
  expect(steps?.[1]).toEqual({
    state: "failed",
    text: expect.stringMatching(/could not be verified.*Interactions Endpoint URL/s),
  });
});

test("disconnecting takes both back", async () => {
  const steps = await discord.disconnect?.(rig.line);
  expect(steps?.map(({ state }) => state)).toEqual(["done", "done"]);
  expect(rig.discord.asked.map(({ body }) => body)).toEqual([[], { interactions_endpoint_url: null }]);
});

test("probing names the application, and finds keys that do not belong together", async () => {
  const answer = (application: object) => {
    rig.line.fetch = async () => Response.json({ id: APP, name: "Skerry", verify_key: "ab".repeat(32), ...application });
    return discord.probe(rig.line);
  };
  expect(await answer({ interactions_endpoint_url: ADDRESS })).toEqual({
    ok: true,
    value: `Skerry (application ${APP}), interactions to ${ADDRESS}.`,
  });
  expect(await answer({ interactions_endpoint_url: null })).toMatchObject({ value: expect.stringContaining("no address") });
  expect(await answer({ id: "1" })).toMatchObject({ ok: false, error: { message: expect.stringContaining("another one's") } });
  expect(await answer({ verify_key: "cd".repeat(32) })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining("public key") },
  });
});

test.each([
  [401, "FORBIDDEN"],
  [403, "INVALID_REQUEST"],
  [429, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
] as const)("probing: %i is %s", async (status, code) => {
  rig.discord.fail(/GET/, { status, body: { message: "No", code: 0 } });
  expect(await discord.probe(rig.line)).toMatchObject({ ok: false, error: { code } });
});

test("probing when nobody answers", async () => {
  rig.discord.fail(/GET/, "break");
  expect(await discord.probe(rig.line)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
});

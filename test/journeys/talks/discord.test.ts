// Discord from end to end, by what needs no gateway: commands, buttons and forms, signed as Discord signs them, answered by
// "is thinking" at once and by the answer in its place. No emulator has interactions: Discord's side refuses what its
// published schemas refuse. One Skerry through the whole file.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  ask,
  type Called,
  command,
  type DiscordCaller,
  isForSenderAlone,
  startDiscordCaller,
} from "../../support/channels/discord-caller.ts";
import { codeIn, type House, openHouse, PATIENCE, quiet } from "../../support/channels/house.ts";
import { makePng } from "../../support/pictures.ts";
import { CHANNEL, makeSigner, payload } from "../../worker/channels/discord/rig.ts";

const DIRECT = "ask-file";
const PICTURE = makePng(8, [0, 0, 200]);

let caller: DiscordCaller;
let house: House;

beforeAll(async () => {
  caller = await startDiscordCaller(() => house.skerry.url);
  house = await openHouse(caller.env);
});
afterAll(async () => {
  await house?.close();
  await caller?.stop();
});
afterEach(() => {
  house.forget();
  caller.discord.asked.length = 0;
});

/** The file's id in the recorded interactions. */
const MAP = "1100000000000000201";
const fileAt = (url: string) => ({
  attachments: { [MAP]: { id: MAP, filename: "map.png", size: PICTURE.length, url, proxy_url: url, content_type: "image/png" } },
});
/** All that stands there for the interaction: its own answer and what followed. */
const told = ({ token }: Called) => caller.discord.in(token).map(({ body }) => String(body["content"] ?? ""));
const tells = (called: Called, text: string) => vi.waitFor(() => expect(told(called)).toContain(text), PATIENCE);
const edits = (token: string) =>
  caller.discord.asked
    .filter(({ method, path }) => method === "PATCH" && path.includes(`/${token}/`))
    .map(({ body }) => body["content"]);

describe("whoever knocks", () => {
  test("is answered when it is Discord, and refused when it is not", async () => {
    const ping = { ...payload<object>("interactions/ping") };
    expect(await (await caller.post(ping)).json()).toEqual({ type: 1 });
    expect((await caller.post(ping, await makeSigner())).status).toBe(401);
    const unsigned = await fetch(`${house.skerry.url}/channels/discord`, { method: "POST", body: JSON.stringify(ping) });
    expect(unsigned.status).toBe(401);
  });
});

describe("in direct messages", () => {
  test("a stranger gets a code that only they see, and nothing is thought about what they say", async () => {
    const first = await caller.interact(DIRECT, ask("hello"));
    expect(isForSenderAlone(first)).toBe(true);
    const code = codeIn(first.heard.data?.content ?? "");
    const second = await caller.interact(DIRECT, ask("hello?"));
    expect(isForSenderAlone(second)).toBe(true);
    expect(codeIn(second.heard.data?.content ?? "")).toBe("");
    expect(house.requests).toEqual([]);
    expect(await house.sessionKeys()).toEqual([]);
    expect(await house.run("pairing", "list")).toContain(`${code}  Ann, discord:`);
    expect(await house.approve(first.heard.data?.content ?? "")).toContain("is the owner from now on");
  });

  test("whoever is let in sees that an answer is coming, and then the answer in its place", async () => {
    house.teach("the tide", { say: "**High** at noon, says @everyone.", delayMs: 300 });
    const called = await caller.interact(DIRECT, ask("When is the tide?"));
    expect(called.heard).toEqual({ type: 5 });
    expect(caller.answer(called)).toBe("");
    await caller.answered(called, "**High** at noon, says \\@everyone.");
    expect(caller.discord.in(called.token)).toHaveLength(1);
    expect(caller.discord.asked.at(-1)?.body["allowed_mentions"]).toEqual({ parse: [] });
    expect(house.lastRequest()).toContain("[Discord, ");
  });

  test("a long answer grows in that place and goes on in further messages", async () => {
    const lines = Array.from({ length: 90 }, (_line, index) => `line-${index} of a **long** answer, ebb and flow`);
    house.teach("at length", { say: lines.join("\n"), rate: 220 });
    const called = await caller.interact(DIRECT, ask("Tell me at length"));
    await vi.waitFor(() => expect(told(called).at(-1)).toContain("line-89 "), PATIENCE);
    expect(told(called).length).toBeGreaterThan(1);
    expect(
      told(called)
        .join("\n")
        .match(/line-\d+ of a \*\*long\*\* answer/g),
    ).toHaveLength(90);
    for (const text of told(called)) expect(text.length).toBeLessThanOrEqual(2000);
    expect(edits(called.token).length).toBeGreaterThan(1);
  });

  test("an answer that is ready before Discord has heard that it is coming is not lost", async () => {
    const called = await caller.interact(DIRECT, command("status"), 1500);
    await caller.answered(called, /model/i);
    expect(house.requests).toEqual([]);
  });

  test("the same interaction again is answered once", async () => {
    house.teach("only once", { say: "Once.", delayMs: 300 });
    const called = await caller.interact(DIRECT, ask("Say it only once"));
    await caller.post(called.body);
    await caller.answered(called, "Once.");
    await caller.post(called.body);
    await quiet(500);
    expect(told(called)).toEqual(["Once."]);
    expect(house.requests).toHaveLength(1);
  });

  test("a file comes with the command, and one goes back with the answer's words", async () => {
    house.teach("Where is this", { say: "At sea." });
    const { data } = payload<{ data: object }>(`interactions/${DIRECT}`);
    const called = await caller.interact(DIRECT, { data: { ...data, resolved: fileAt(caller.addFile("map.png", PICTURE)) } });
    // Its file must come first; that is a part of thinking about it.
    expect(called.heard).toEqual({ type: 5 });
    await caller.answered(called, "At sea.");
    expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
    const content = "ebb 06:10, flood 12:24";
    house.teach("as a file", { tool: "write", args: { path: "tides.txt", content }, say: "Written." });
    await caller.answered(await caller.interact(DIRECT, ask("Keep it as a file")), "Written.");
    house.teach("send it", { tool: "message", args: { action: "send", files: ["tides.txt"] }, say: "There it is." });
    const sent = await caller.interact(DIRECT, ask("Now send it"));
    await vi.waitFor(() => expect(caller.discord.in(sent.token).flatMap(({ files }) => files)).toEqual(["tides.txt"]), PATIENCE);
    await tells(sent, "There it is.");
  });
});

describe("in a server's channel", () => {
  test("that the settings do not name, nobody is answered, and only they see that", async () => {
    const called = await caller.interact("ask", ask("hello"));
    expect(isForSenderAlone(called)).toBe(true);
    expect(called.heard.data?.content).toBe("I do not answer here.");
    expect(house.requests).toEqual([]);
  });

  test("that they name, the answer stands for all to see, in a talk of the channel", async () => {
    await house.run("config", "set", "channels.discord.groups", JSON.stringify({ [CHANNEL]: {} }));
    house.teach("the regatta", { say: "At ten." });
    const called = await caller.interact("ask", ask("When is the regatta?"));
    expect(called.heard).toEqual({ type: 5 });
    await caller.answered(called, "At ten.");
    expect(house.lastRequest()).not.toContain("At sea.");
    expect(await house.sessionKeys()).toContain(`agent:main:discord:group:${CHANNEL}`);
  });

  test("a pressed button says its words, together with the message that it belongs to", async () => {
    house.teach("yes, book it", { say: "Booked." });
    const called = await caller.interact("button");
    expect(called.heard).toEqual({ type: 6 });
    // The message with the button stays as it is: the answer is one of its own.
    await tells(called, "Booked.");
    expect(house.lastRequest()).toContain("Shall I book it?");
  });

  test("a command without words opens a form, and what is filled in is answered", async () => {
    const asked = await caller.interact("ask-form");
    expect(asked.heard).toMatchObject({ type: 9, data: { custom_id: "ask" } });
    expect(house.requests).toEqual([]);
    house.teach("Second line", { say: "Both lines read." });
    const { data } = payload<{ data: object }>("interactions/form");
    const filled = await caller.interact("form", { data: { ...data, resolved: fileAt(caller.addFile("map.png", PICTURE)) } });
    expect(filled.heard).toEqual({ type: 5 });
    await caller.answered(filled, "Both lines read.");
    expect(house.lastRequest()).toContain("First line\\nSecond line");
    expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
  });
});

describe("in trouble", () => {
  test("Discord's failures and its wish for patience delay the answer, and cost none", async () => {
    for (let times = 0; times < 3; times += 1) caller.discord.fail(/@original/, { status: 503 });
    caller.discord.fail(/PATCH/, { status: 429, body: { retry_after: 1 } });
    house.teach("are you there", { say: "I am." });
    const called = await caller.interact(DIRECT, ask("are you there?"));
    await caller.answered(called, "I am.");
    expect(caller.discord.in(called.token)).toHaveLength(1);
    expect(house.requests).toHaveLength(1);
  });

  test("a connection that breaks after the answer was taken makes no second one", async () => {
    house.teach("lost word", { say: "Perhaps lost." });
    caller.discord.fail(/PATCH/, "break-after");
    const called = await caller.interact(DIRECT, ask("A lost word"));
    await caller.answered(called, "Perhaps lost.");
    await quiet(2500);
    expect(told(called)).toEqual(["Perhaps lost."]);
  });

  test("Skerry is killed while it thinks: the answer comes after its start, in its place, once", async () => {
    house.teach("asleep", { say: "Awake.", delayMs: 2000 });
    const called = await caller.interact(DIRECT, ask("Were you asleep?"));
    await vi.waitFor(() => expect(house.requests).toHaveLength(1), PATIENCE);
    await house.restart();
    await caller.answered(called, "Awake.");
    expect(caller.discord.in(called.token)).toHaveLength(1);
  });
});

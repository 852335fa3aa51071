// The letter box in real workerd, with real files: which mails reach a session, which are turned away while the sending
// server is still there, and which nobody hears of. The Directory and the session stand in by their ports.
import { createExecutionContext, env, reset, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { Admission } from "../../src/contract/admission.ts";
import type { ChannelNote } from "../../src/contract/channels/channel.ts";
import type { Event } from "../../src/contract/event.ts";
import { textOf } from "../../src/contract/message.ts";
import type { Env } from "../../src/durable/env.ts";
import { receiveMail } from "../../src/worker/email.ts";

const bindings = env as unknown as Env;
const OWN = "skerry@home.example";
const ANN = "ann@people.example";
afterEach(() => reset());

interface House {
  events: Event[];
  notes: ChannelNote[];
  asked: number;
  env: Env;
}

/** A house that lets in whom it is told to. The name of the account keeps what is remembered in the isolate apart. */
function openHouse(account: string, outcome: Admission["outcome"] = "accept", address = OWN): House {
  const house: House = { events: [], notes: [], asked: 0, env: bindings };
  const keys = { EMAIL_ADDRESS: address };
  const directory = {
    channelStates: async () => [
      { channel: "telegram", account: "default" },
      { channel: "email", account },
    ],
    channelAccount: async (channel: string, name: string) =>
      channel === "email" && name === account
        ? { channel, account, isEnabled: true, keys, missing: [], mediaMaxMb: 20, version: 1 }
        : undefined,
    admit: async (message: { sender: unknown }): Promise<unknown> => {
      house.asked += 1;
      if (outcome === "accept")
        return { outcome, sessionKey: "agent:main:main", brief: {}, sender: message.sender, reason: "known" };
      return outcome === "pair"
        ? { outcome, code: "ABCDEFGH", reply: "Your code", reason: "new" }
        : { outcome, reason: "unknown" };
    },
    noteChannel: async (note: ChannelNote) => void house.notes.push(note),
  };
  const session = {
    receive: async (event: Event) => {
      house.events.push(event);
      return { status: "accepted", state: "working", runId: "run" };
    },
  };
  house.env = {
    ...bindings,
    MEDIA: bindings.MEDIA,
    DIRECTORY: { getByName: () => directory } as unknown as Env["DIRECTORY"],
    SESSION: { getByName: () => session } as unknown as Env["SESSION"],
  };
  return house;
}

interface Given {
  to?: string;
  id?: string;
  results?: string;
  head?: string[];
  body?: string;
  size?: number;
}

async function post(house: House, given: Given = {}): Promise<string | undefined> {
  const {
    to = OWN,
    id = "<one@people.example>",
    results = "dmarc=pass header.from=people.example",
    head = [],
    body = "Hello",
  } = given;
  const raw = [
    "Received: from mx.people.example by cloudflare-email.net (cloudflare) id X; now",
    `Authentication-Results: mx.cloudflare.net; ${results}`,
    `From: Ann <${ANN}>`,
    `To: ${OWN}`,
    "Subject: Hi",
    `Date: ${new Date().toUTCString()}`,
    `Message-ID: ${id}`,
    ...head,
    "",
    body,
  ].join("\r\n");
  let rejected: string | undefined;
  const bytes = new TextEncoder().encode(raw);
  const mail = {
    from: ANN,
    to,
    raw: new Response(bytes).body,
    rawSize: given.size ?? bytes.length,
    setReject: (reason: string) => {
      rejected = reason;
    },
  } as unknown as ForwardableEmailMessage;
  const ctx = createExecutionContext();
  await receiveMail(mail, house.env, ctx);
  await waitOnExecutionContext(ctx);
  return rejected;
}

test("a mail of somebody known reaches their session", async () => {
  const house = openHouse("default");
  expect(await post(house)).toBeUndefined();
  expect(house.events).toMatchObject([{ kind: "message", message: { from: { channel: "email", peer: ANN } } }]);
  const [event] = house.events;
  expect(event && "message" in event && textOf(event.message.parts)).toBe("Subject: Hi\n\nHello");
});

test("its files are stored before the session hears of them, under the names it hears", async () => {
  const house = openHouse("files");
  const head = ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"];
  const body =
    '--b\r\n\r\nSee\r\n--b\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\na,b\r\n--b--';
  await post(house, { head, body });
  const [event] = house.events;
  const [file] = (event && "message" in event && event.message.attachments) || [];
  expect(file).toMatchObject({ name: "a.csv", kind: "file" });
  expect(await (await bindings.MEDIA.get(file?.handle ?? ""))?.text()).toBe("a,b\n");
});

test("of a stranger's mail nothing is kept, and nothing is answered", async () => {
  for (const outcome of ["pair", "ignore"] as const) {
    const house = openHouse(outcome, outcome);
    const head = ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"];
    const body = "--b\r\nContent-Disposition: attachment; filename=x\r\n\r\nsecret\r\n--b--";
    expect(await post(house, { head, body })).toBeUndefined();
    expect(house.asked).toBe(1);
    expect(house.events).toEqual([]);
  }
  expect((await bindings.MEDIA.list()).objects).toEqual([]);
});

test("a mail whose sender is not proved is left out without a word to anybody but the owner", async () => {
  const house = openHouse("forged");
  expect(await post(house, { results: "dmarc=fail header.from=people.example" })).toBeUndefined();
  expect(house.asked).toBe(0);
  expect(house.notes).toMatchObject([
    { account: "forged", note: { kind: "error", text: expect.stringMatching(/not proved: DMARC/) } },
  ]);
  await post(house, { results: "dmarc=fail header.from=people.example" });
  expect(house.notes.length).toBe(1);
});

test("a mail to nobody here, or too large, is turned away while the sending server waits", async () => {
  const house = openHouse("away");
  expect(await post(house, { to: "nobody@home.example" })).toMatch(/no such address/);
  expect(await post(house, { size: 26 * 1024 * 1024 })).toMatch(/larger/);
  expect(house.asked).toBe(0);
});

test("an automatic answer begins no loop", async () => {
  const house = openHouse("auto");
  expect(await post(house, { head: ["Auto-Submitted: auto-replied"] })).toBeUndefined();
  expect(house.asked).toBe(0);
});

test("more than thirty mails of one sender in an hour are two programs that answer each other", async () => {
  const house = openHouse("loop");
  for (let index = 0; index < 32; index += 1) await post(house, { id: `<${index}@people.example>` });
  expect(house.events.length).toBe(30);
  expect(house.notes).toMatchObject([{ note: { kind: "error", text: expect.stringMatching(/More than 30 mails/) } }]);
});

test("a mail that could not be stored fails, so that it comes again", async () => {
  const house = openHouse("broken");
  const failing = { getByName: () => ({ receive: () => Promise.reject(new Error("no room")) }) };
  house.env = { ...house.env, SESSION: failing as unknown as Env["SESSION"] };
  await expect(post(house)).rejects.toThrow("no room");
});

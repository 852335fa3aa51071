// What holds on every messenger where one writes and is written to: tests over a person there, a started Skerry, and a gate
// in front of the platform. Each finds what the one before it left.
import { describe, expect, test, vi } from "vitest";
import type { Gate, What } from "./gate.ts";
import { codeIn, type House, PATIENCE, quiet, shows } from "./house.ts";

export interface Correspondent {
  house: House;
  /** Between Skerry and the platform. */
  api: Gate;
  /** The request by which a message goes out. */
  sends: What;
  /** The platform itself knows a message that comes twice. */
  isOnceByItself?: boolean;
  /** Writes to Skerry as the platform carries it; answers the status that the platform hears. */
  writes(text: string): Promise<number>;
  /** The platform brings the latest message once more. */
  again(): Promise<number>;
  /** What Skerry wrote to them, oldest first, as it stands now. */
  told(): Promise<string[]> | string[];
}

export function testCorrespondence(channel: string, label: string, of: () => Correspondent): void {
  const says = async (text: string) => expect(await of().writes(text)).toBe(200);
  const told = async () => [...(await of().told())];
  /** The tries to send since the test began. */
  const tries = () => of().api.of(of().sends);

  describe("in a talk of two", () => {
    test("a stranger gets a code, once, and nothing is thought about what they say", async () => {
      const { house } = of();
      await says("Hello there");
      await shows(told, expect.stringMatching(new RegExp(`skerry pairing approve ${channel} [A-HJ-NP-Z2-9]{8}`)));
      await says("/status");
      await quiet();
      expect(await told()).toHaveLength(1);
      expect(house.requests).toEqual([]);
      expect(await house.sessionKeys()).toEqual([]);
      expect(await house.run("pairing", "list")).toContain(codeIn((await told())[0] ?? ""));
    });

    test("whoever is let in is told so, and answered there", async () => {
      const { house } = of();
      const [code = ""] = await told();
      expect(await house.approve(code)).toContain("is the owner from now on");
      await shows(told, code, "You are let in: write whenever you like.");
      house.teach("the tide", { say: "High at noon." });
      await says("When is the tide, äöü & <you> 👍?");
      await shows(told, code, "You are let in: write whenever you like.", "High at noon.");
      expect(house.requests).toHaveLength(1);
      expect(house.lastRequest()).toContain(`[${label}, `);
      expect(house.lastRequest()).toContain("When is the tide, äöü & <you> 👍?");
      expect(await house.run("channels", "status", channel)).toContain("ready");
    });

    test("a command is answered without a model", async () => {
      await says("/whoami");
      await vi.waitFor(async () => expect((await told()).at(-1)).toContain("agent:main:main"), PATIENCE);
      expect(of().house.requests).toEqual([]);
    });

    test("the same message again is answered once, also while it is being answered", async () => {
      const { house, again } = of();
      const before = await told();
      house.teach("only once", { say: "Once.", delayMs: 500 });
      await says("Say it only once");
      expect(await Promise.all([again(), again()])).toEqual([200, 200]);
      await shows(told, ...before, "Once.");
      expect(await again()).toBe(200);
      await quiet(500);
      expect(await told()).toEqual([...before, "Once."]);
      expect(house.requests).toHaveLength(1);
    });
  });

  describe("in trouble", () => {
    test("the platform fails, then asks for patience: the answer comes after it, once", async () => {
      const { house, api, sends } = of();
      const before = await told();
      house.teach("patience", { say: "Patiently." });
      api.trouble({ on: sends, status: 503 });
      api.trouble({ on: sends, status: 429, headers: { "retry-after": "2" } });
      await says("Have patience");
      await shows(told, ...before, "Patiently.");
      // The platform may show it a moment before the gate has seen its answer.
      await vi.waitFor(() => expect(tries().at(-1)?.status).toBeLessThan(300), PATIENCE);
      expect(tries().map(({ status }) => status)).toEqual([503, 429, tries()[2]?.status]);
      const [, refused, sent] = tries();
      expect((sent?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(2000);
    });

    test("the platform is away for some seconds: the answer comes once it is back, once", async () => {
      const { house, api } = of();
      const before = await told();
      house.teach("out of reach", { say: "Back again.", delayMs: 500 });
      await says("Are you out of reach?");
      await api.goDown();
      await vi.waitFor(() => expect(house.requests).toHaveLength(1), PATIENCE);
      await quiet(4000);
      await api.comeUp();
      await shows(told, ...before, "Back again.");
      await quiet();
      expect(await told()).toEqual([...before, "Back again."]);
    });

    test("nobody knows whether the platform took it: it does not come twice, and its owner can see what is uncertain", async () => {
      const { house, api, sends, isOnceByItself } = of();
      const before = await told();
      house.teach("lost word", { say: "Perhaps lost." });
      api.trouble({ on: sends, isDone: true });
      await says("A lost word");
      await shows(told, ...before, "Perhaps lost.");
      if (isOnceByItself) {
        await vi.waitFor(() => expect(tries()).toHaveLength(2), PATIENCE);
        await quiet(500);
        expect(await told()).toEqual([...before, "Perhaps lost."]);
        return;
      }
      const uncertain = { code: 1, out: expect.stringContaining("It is not certain") };
      await vi.waitFor(async () => expect(await house.cli("channels", "status", channel)).toMatchObject(uncertain), PATIENCE);
      expect(await told()).toEqual([...before, "Perhaps lost."]);
      expect(tries()).toHaveLength(1);
    });

    test("Skerry is killed while it thinks: it answers after its start, once, though the message comes again", async () => {
      const { house, again } = of();
      const before = await told();
      house.teach("asleep", { say: "Awake.", delayMs: 1500 });
      await says("Were you asleep?");
      await vi.waitFor(() => expect(house.requests).toHaveLength(1), PATIENCE);
      await house.restart();
      expect(await again()).toBe(200);
      await shows(told, ...before, "Awake.");
      await quiet(500);
      expect(await told()).toEqual([...before, "Awake."]);
    });
  });
}

/** Where the agent finds the picture that it was sent: its request says so, it need not look. */
export async function findPicture({ house, writes, told }: Pick<Correspondent, "house" | "told"> & Writer): Promise<string> {
  house.teach("Where is it", { say: "In attachments." });
  await writes("Where is it kept?");
  await vi.waitFor(async () => expect((await told()).at(-1)).toBe("In attachments."), PATIENCE);
  const [, path] = /kept as (attachments\/[\w.-]+)/.exec(house.lastRequest()) ?? [];
  if (path === undefined) throw new Error(`No picture is kept: ${house.lastRequest()}`);
  return path;
}

interface Writer {
  writes(text: string): Promise<unknown>;
}

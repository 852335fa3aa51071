// The owner's word on commands of a session: who is asked and where, whose word counts, and what it is taken for.
import { describe, expect, test } from "vitest";
import type { HandsBrief } from "../../../src/contract/home/hands.ts";
import type { HomeRequest } from "../../../src/contract/home/port.ts";
import type { Message } from "../../../src/contract/message.ts";
import { makePlan } from "../../support/approval.ts";
import { openTestApprovals } from "../../support/approval-desk.ts";
import { GROUP, HERE, openChannelTalk, type Talk, type TalkOptions } from "../../support/channel-talk.ts";
import { makeHands } from "../../support/hands.ts";
import { exited, scriptHome } from "../../support/scripted-home.ts";
import { resultsOf, until } from "../../support/talk.ts";

const OWNER = { id: "42", name: "Olga", isOwner: true, personId: "owner" };
const GUEST = { id: "7", name: "Gus", isOwner: false, personId: "gus" };
const ELSEWHERE = { channel: "slack", peer: "D9" };
const GUEST_HANDS = makeHands({ isOwner: false, mayElevate: false, isSandboxed: true });

interface Asking extends TalkOptions {
  commands?: string[];
  callId?: string;
  host?: string;
  hands?: Partial<HandsBrief>;
}

/** A home that asks about each command once and runs what was allowed. */
function open({ commands = ["rm -r build"], callId, host = "home", hands = {}, ...options }: Asking = {}) {
  const desk = openTestApprovals(options.now);
  const ran: HomeRequest[] = [];
  const home = scriptHome((request) => {
    const { command, approval } = request.params as { command: string; approval?: { decision: string } };
    if (approval) {
      ran.push(request);
      return exited(`ran ${command}\n`);
    }
    return { outcome: "answered", home: "desk", payload: { state: "asks", plan: makePlan(command) } };
  });
  const talk = openChannelTalk(
    (_request, count) =>
      count === 1
        ? { calls: commands.map((command) => ({ name: "exec", args: { command, host }, ...(callId ? { id: callId } : {}) })) }
        : { text: `answer ${count}` },
    { home, approvals: bind(desk.port), ...options, brief: { hands: makeHands(hands), ...options.brief } },
  );
  desk.receive = (_key, event) => talk.session.receive(event);
  const say = (text: string, message: Partial<Message> = {}, given: HandsBrief = makeHands(hands)) =>
    talk.say(text, { sender: OWNER, sentAt: Date.now(), ...message }, {}, { hands: given });
  return { talk, desk, ran, home, say };
}

function bind(port: ReturnType<typeof openTestApprovals>["port"]) {
  return {
    askApproval: port.askApproval.bind(port),
    decideApproval: port.decideApproval.bind(port),
    withdrawApproval: port.withdrawApproval.bind(port),
    approval: port.approval.bind(port),
    approvals: port.approvals.bind(port),
  };
}

const waits = ({ session }: Talk) => session.parts.turns.open()?.state === "waiting";
const asleep = (talk: Talk) => until(() => waits(talk) && talk.session.parts.outbox.heads().length === 0);
const over = ({ session }: Talk) => until(() => !session.parts.turns.open() && session.parts.outbox.heads().length === 0);
const results = ({ session }: Talk) => resultsOf(session.entries()).map(({ text }) => text);
const textsTo = ({ session }: Talk, peer: string) =>
  session.sent.flatMap(({ to, act }) => (to.peer === peer && act.type === "text" ? [act.text] : []));
const question = ({ session }: Talk) =>
  session.sent.flatMap(({ to, act }) =>
    act.type === "text" && act.buttons ? [{ to, text: act.text, buttons: act.buttons }] : [],
  );

async function codes(desk: ReturnType<typeof openTestApprovals>): Promise<string[]> {
  return (await desk.port.approvals()).filter(({ state }) => state === "open").map(({ code }) => code);
}

describe("the question", () => {
  test("goes into the owner's own chat with the command, the machine, the reason and three buttons, once", async () => {
    const { talk, desk, say } = open();
    await say("clean up");
    await asleep(talk);
    const [asked, ...more] = question(talk);
    const [code] = await codes(desk);
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ to: HERE });
    expect(asked?.text).toContain("May this run on `desk`?");
    expect(asked?.text).toContain("```\nrm -r build\n```");
    expect(asked?.text).toContain("rm is not on the list of this machine.");
    expect(asked?.buttons).toEqual([
      [
        { label: "Allow once", value: `/approve ${code} once` },
        { label: "Always", value: `/approve ${code} always` },
        { label: "Deny", value: `/approve ${code} deny` },
      ],
    ]);
    await talk.session.crash();
    await talk.session.fireAlarm();
    expect(question(talk)).toHaveLength(1);
  });

  test("of a guest's turn goes to the owner in private and never to the guest", async () => {
    const { talk, desk, say } = open({ host: "sandbox", hands: GUEST_HANDS });
    desk.ownerAt = ELSEWHERE;
    await say("clean up", { sender: GUEST });
    await asleep(talk);
    expect(question(talk)).toMatchObject([{ to: ELSEWHERE, text: expect.stringContaining("agent:main:main") }]);
    expect(textsTo(talk, HERE.peer).join()).not.toContain("rm -r");
    expect(question(talk)[0]?.text).not.toContain("yes, no");
  });

  test("of the owner's turn in a group goes to the owner in private and never to the group", async () => {
    const { talk, desk, say } = open({
      place: { kind: "group" },
      host: "sandbox",
      hands: { isSandboxed: true, mayElevate: false },
    });
    desk.ownerAt = ELSEWHERE;
    await say("clean up");
    await asleep(talk);
    expect(question(talk).map(({ to }) => to)).toEqual([ELSEWHERE]);
    const [code] = await codes(desk);
    await say(`/approve ${code} once`);
    await over(talk);
    const said = textsTo(talk, GROUP.peer);
    expect(said).toContain("Allowed once.");
    expect(said.join()).not.toContain("rm -r");
  });

  test("is not sent where the owner has no chat, or where the settings keep it out of chats", async () => {
    const silent = open({ host: "sandbox", hands: GUEST_HANDS });
    await silent.say("clean up", { sender: GUEST });
    await asleep(silent.talk);
    expect(question(silent.talk)).toEqual([]);
    expect(silent.desk.announced).toEqual(["exec.approval.requested"]);
    const closed = open();
    closed.desk.goesToChats = false;
    await closed.say("clean up");
    await asleep(closed.talk);
    expect(question(closed.talk)).toEqual([]);
  });

  test("of a turn that the owner began at a screen stays there", async () => {
    const { talk, desk } = open();
    desk.ownerAt = ELSEWHERE;
    await talk.session.send("clean up", { brief: { hands: makeHands() } });
    await until(() => waits(talk));
    expect(desk.announced).toEqual(["exec.approval.requested"]);
    expect(talk.session.sent).toEqual([]);
  });
});

describe("the owner's word", () => {
  test.each([
    ["once", "allow-once", "Allowed once: `rm -r build` on `desk`."],
    ["always", "allow-always", "Allowed, and remembered there: `rm -r build` on `desk`."],
  ])("by a button: %s runs it", async (word, decision, said) => {
    const { talk, desk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    const [code] = await codes(desk);
    await say(`/approve ${code} ${word}`);
    await over(talk);
    expect(textsTo(talk, HERE.peer)).toContain(said);
    expect(ran).toMatchObject([{ params: { approval: { decision, plan: makePlan("rm -r build").hash } } }]);
    expect(results(talk)).toEqual(["ran rm -r build"]);
    expect((await desk.port.approvals())[0]).toMatchObject({ decision, by: "Olga on Telegram" });
  });

  test("no means no, and the model is told whose", async () => {
    const { talk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    await say("No.");
    await over(talk);
    expect(ran).toEqual([]);
    expect(results(talk)[0]).toContain("Not run: Olga on Telegram said no.");
  });

  test.each(["yes", "OK", "Okay!", " y "])("%j counts as once while exactly one question is open", async (word) => {
    const { talk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    await say(word);
    await over(talk);
    expect(ran).toMatchObject([{ params: { approval: { decision: "allow-once" } } }]);
  });

  test("a yes to a command that is too long to be shown whole is not taken, a no is", async () => {
    const { talk, ran, say } = open({ commands: [`echo ${"x".repeat(20_000)}`] });
    await say("clean up");
    await asleep(talk);
    expect((await say("yes")).reply).toContain("too long to be shown here whole");
    expect(waits(talk)).toBe(true);
    await say("no");
    await over(talk);
    expect(ran).toEqual([]);
    expect(results(talk)[0]).toContain("said no");
  });

  test("outlives a crash of the session while it waits", async () => {
    const { talk, desk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    await talk.session.crash();
    const [code = ""] = await codes(desk);
    await desk.port.decideApproval(code, "allow-once", "Control UI");
    await desk.settled();
    await over(talk);
    expect(ran).toHaveLength(1);
  });

  test("a yes to two open questions is not taken, and that is said", async () => {
    const { talk, desk, ran, say } = open({ commands: ["rm a", "rm b"] });
    await say("clean up");
    await asleep(talk);
    // Calls of one step run one after the other: the second question is of another talk's making.
    const [{ rowId } = { rowId: "" }] = talk.session.parts.calls.open(talk.session.parts.turns.open()?.id ?? "").slice(1);
    talk.session.parts.calls.wait(rowId, { waitsFor: "approval", token: "approval:other", until: Date.now() + 60_000, memo: {} });
    await say("yes");
    await until(() => textsTo(talk, HERE.peer).some((text) => text.includes("2 commands wait for your word")));
    expect(ran).toEqual([]);
    expect(await codes(desk)).toHaveLength(1);
    expect(waits(talk)).toBe(true);
  });

  test("a yes that was written before the question was there is meant for something else", async () => {
    const { talk, desk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    await say("yes", { sentAt: Date.now() - 60_000 });
    await over(talk);
    expect(ran).toEqual([]);
    expect(await codes(desk)).toEqual([]);
    expect((await desk.port.approvals())[0]?.state).toBe("withdrawn");
  });

  test("a yes in another chat of the same session is meant for something else", async () => {
    const { talk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    await say("yes", { from: ELSEWHERE });
    await over(talk);
    expect(ran).toEqual([]);
  });

  test("a new message of another kind withdraws the question", async () => {
    const { talk, desk, ran, say } = open();
    await say("clean up");
    await asleep(talk);
    const [code] = await codes(desk);
    await say("no wait, keep it, show me the files");
    await over(talk);
    expect(ran).toEqual([]);
    await say(`/approve ${code} once`);
    await until(() => textsTo(talk, HERE.peer).some((text) => text.includes("It is too late: the question was withdrawn")));
    expect(ran).toEqual([]);
  });

  test("comes too late after half an hour, and nothing runs", async () => {
    let now = Date.now();
    const { talk, desk, ran, say } = open({ now: () => now });
    await say("clean up", { sentAt: now });
    await asleep(talk);
    const [code] = await codes(desk);
    now += 31 * 60_000;
    await say(`/approve ${code} once`);
    await talk.session.fireAlarm();
    await over(talk);
    expect(ran).toEqual([]);
    expect(results(talk)[0]).toContain("nobody gave their word in time");
    expect(textsTo(talk, HERE.peer).join()).toContain("expired");
  });
});

describe("nobody else's word", () => {
  test.each(["/approve CODE once", "yes", "/approve", "/elevated full", "/exec security=full"])(
    "a guest who writes %j changes nothing and learns nothing",
    async (words) => {
      const { talk, desk, ran, say } = open({ host: "sandbox", hands: GUEST_HANDS });
      desk.ownerAt = ELSEWHERE;
      await say("clean up", { sender: GUEST });
      await asleep(talk);
      const [code = ""] = await codes(desk);
      await say(words.replace("CODE", code), { sender: GUEST }, GUEST_HANDS);
      await talk.session.rest();
      expect(ran).toEqual([]);
      expect((await desk.port.approvals())[0]?.decision).toBeUndefined();
      expect(talk.session.parts.profile.get().hands).toBeUndefined();
      expect(textsTo(talk, HERE.peer).join()).not.toMatch(/rm -r|desk/);
    },
  );

  test("a screen without the scope for approvals is not the owner here", async () => {
    const { talk, desk, ran } = open();
    const hands = makeHands({ isOwner: false, mayElevate: false });
    await talk.session.send("clean up", { brief: { hands: makeHands() } });
    await until(() => waits(talk));
    const [code = ""] = await codes(desk);
    const receipt = await talk.session.send(`/approve ${code} once`, { brief: { hands } });
    expect(receipt.reply).toBe("Only my owner decides about commands.");
    expect(ran).toEqual([]);
    expect(await codes(desk)).toEqual([code]);
  });

  test("a word on a question of another session needs its code, and then counts for that one alone", async () => {
    const { talk, desk, say } = open();
    const other = await desk.port.askApproval({
      id: "other",
      sessionKey: "agent:main:telegram:dm:7",
      agentId: "main",
      callId: "c",
      runId: "r",
      home: "desk",
      host: "sandbox",
      plan: makePlan("curl evil"),
      expiresAt: Date.now() + 60_000,
    });
    await say("clean up");
    await asleep(talk);
    await say("no");
    await over(talk);
    expect((await desk.port.approval("other"))?.state).toBe("open");
    await say(`/approve ${other.code} deny`);
    await until(() => textsTo(talk, HERE.peer).some((text) => text.startsWith("Denied: `curl evil`")));
    expect((await desk.port.approval("other"))?.decision).toBe("deny");
  });
});

describe("what was chosen for a session", () => {
  test("/elevated and /exec are kept, shown, and count in the owner's own turns", async () => {
    const { talk, home, say } = open({ hands: { isSandboxed: true } });
    await say("/elevated on");
    await say("/exec ask=always node=desk");
    expect(talk.session.parts.row()).toMatchObject({ hands: { elevation: "on", ask: "always", home: "desk" } });
    await say("clean up");
    await asleep(talk);
    expect(home.requests[0]).toMatchObject({
      home: "desk",
      params: { place: { kind: "home" }, policy: { security: "allowlist", ask: "always" } },
    });
    expect(textsTo(talk, HERE.peer).slice(0, 2)).toEqual([
      expect.stringContaining("Elevated is on"),
      "Commands of this session: host auto, security allowlist, ask always, node `desk`.",
    ]);
  });

  test("does not carry a guest's words: their turn is not raised", async () => {
    const { talk, home, say } = open({ hands: { isSandboxed: true } });
    await say("/elevated full");
    await say("clean up", { sender: GUEST }, GUEST_HANDS);
    await over(talk);
    expect(home.requests).toEqual([]);
    expect(results(talk)[0]).toContain("kept in the sandbox");
  });

  test("ends with off and default", async () => {
    const { talk, say } = open();
    await say("/elevated full");
    await say("/exec security=full ask=off");
    await say("/elevated off");
    expect(talk.session.parts.profile.get().hands).toEqual({ security: "full", ask: "off" });
    await say("/exec ask=default");
    await say("/exec default");
    expect(talk.session.parts.profile.get().hands).toBeUndefined();
  });

  test.each([
    ["/elevated sideways", '"sideways" is none of off, on, ask, full.'],
    ["/exec host=moon", 'host: "moon" is none of auto, edge, sandbox, home, default.'],
    ["/exec please", '"please" is nothing /exec knows'],
  ])("%s is refused with a sentence", async (command, said) => {
    const { talk, say } = open();
    expect((await say(command)).reply).toContain(said);
    expect(talk.session.parts.profile.get().hands).toBeUndefined();
  });

  test("nothing looser than the settings where the session may not be raised, and nothing past a deny", async () => {
    const narrow = open({ hands: { mayElevate: false } });
    expect((await narrow.say("/exec security=full")).reply).toContain("tools.elevated");
    expect((await narrow.say("/exec ask=off")).reply).toContain("tools.elevated");
    expect((await narrow.say("/exec ask=always")).reply).toContain("ask always");
    const exec = { ...makeHands().exec, security: "deny" as const };
    const denied = open({ hands: { exec } });
    expect((await denied.say("/exec security=full")).reply).toContain("deny commands on machines");
  });
});

test("a question may be answered whatever its call is called at the provider", async () => {
  const asking = open({ callId: `call_${"thought".repeat(700)}` });
  await asking.say("clean up");
  await asleep(asking.talk);
  const [question] = await asking.desk.port.approvals();
  expect(question?.id.length).toBeLessThanOrEqual(256);
  await asking.desk.port.decideApproval(question?.id ?? "", "allow-once", "Control UI");
  await asking.talk.session.rest();
  expect(resultsOf(asking.talk.session.entries()).map(({ text }) => text)).toEqual(["ran rm -r build"]);
});

// Messages that come by webhook, as Telegram posts them, and answers that go out to a Bot API of our own: how soon the
// platform hears 200, how soon the model is asked, and what becomes of a thousand in ten seconds. Every twentieth is
// posted twice, as Telegram does when it heard no answer.

import { TelegramServer } from "../../test/support/telegram/server.ts";
import { person, post, type TelegramPerson } from "../../test/support/telegram/updates.ts";
import { markOf } from "../model.ts";
import { listTree, measureMemory } from "../process-tree.ts";
import { type Started, TOKEN } from "../subjects/subject.ts";
import type { Reading } from "../table.ts";
import { Talker, textOf } from "../talker.ts";
import { count, repeat, type Scenario, type Scene, withStarted } from "./scenario.ts";

const SECRET = "bench-webhook-secret-0123456789";
const PAUSE_MS = 10;
const REPEATED_EVERY = 20;
/**
 * How many people say how much, evenly over the ten seconds: 1,000 messages of a hundred people. Nobody says more than may
 * wait for a turn (messages.queue.cap), so that everything said must be found in full.
 */
const CROWD = [
  { people: 50, messages: 4 },
  { people: 40, messages: 15 },
  { people: 10, messages: 20 },
];
const QUICK_CROWD = [
  { people: 20, messages: 1 },
  { people: 16, messages: 5 },
];
const QUIET_MS = 5000;
const PATIENCE_MS = 120_000;
const SETTLE_MS = 3000;

interface Stage {
  scene: Scene;
  started: Started;
  telegram: TelegramServer;
  newPerson(): TelegramPerson;
}

interface Said {
  id: string;
  who: TelegramPerson;
}

export const channels: Scenario = {
  name: "channels",
  figures: ["hook-stored", "hook-model", "burst-stored", "burst-answered", "burst-wrong", "burst-memory"],
  isShared: false,
  async run(scene) {
    const telegram = await TelegramServer.start();
    const variables = {
      TELEGRAM_BOT_TOKEN: telegram.token,
      TELEGRAM_WEBHOOK_SECRET: SECRET,
      TELEGRAM_API_ROOT: telegram.url,
    };
    let people = 0;
    const newPerson = () => person(telegram, 10_000 + ++people, `Person ${people}`);
    try {
      return await withStarted(
        scene,
        async (started) => {
          await letEverybodyIn(started);
          const stage = { scene, started, telegram, newPerson };
          await repeat(5, scene.limitMs, () => sayOne(stage));
          scene.tell("messages one after the other, each of somebody new");
          const single = await repeat(count(scene, 100), scene.limitMs, () => sayOne(stage));
          return [
            { figure: "hook-stored", samples: single.map(({ storedMs }) => storedMs) },
            { figure: "hook-model", samples: single.map(({ toModelMs }) => toModelMs) },
            ...(await measureBursts(stage)),
          ];
        },
        variables,
      );
    } finally {
      await telegram.stop();
    }
  },
};

async function letEverybodyIn({ talker }: Started): Promise<void> {
  const { hash } = await talker.request<{ hash: string }>("config.get", {});
  const patch = { channels: { telegram: { dmPolicy: "open", allowFrom: ["*"] } } };
  await talker.request("config.patch", { patch, baseHash: hash });
}

/** Posts what somebody says; answers when 200 came. */
async function postMessage({ started }: Stage, { who, id }: Said, isRepeated = false): Promise<number> {
  const update = who.writes(`Please answer. ${markOf({ id })}`);
  const address = `${started.url}/channels/telegram`;
  const postedAt = performance.now();
  const answer = await post(address, update, SECRET);
  await answer.arrayBuffer();
  const storedMs = performance.now() - postedAt;
  if (answer.status !== 200) throw new Error(`A webhook was answered ${answer.status}.`);
  if (isRepeated) await post(address, update, SECRET).then((again) => again.arrayBuffer());
  return storedMs;
}

async function sayOne(stage: Stage): Promise<{ storedMs: number; toModelMs: number }> {
  const { scene, started, telegram } = stage;
  const said = { id: started.talker.newId(), who: stage.newPerson() };
  const postedAt = performance.now();
  const storedMs = await postMessage(stage, said);
  await waitFor("an answer at Telegram", () => telegram.shown(said.who.chat).length > 0);
  const receivedAt = scene.model.visitsOf(said.id)[0]?.receivedAt ?? Number.NaN;
  return { storedMs, toModelMs: receivedAt - postedAt };
}

/** Twice, of the same people: what the second leaves behind in memory is what a busy gateway grows by. */
async function measureBursts(stage: Stage): Promise<Reading[]> {
  const { scene, started, telegram } = stage;
  const readMemory = async () => {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return measureMemory(listTree(started.pid));
  };
  const crowd = makeCrowd(stage);
  const first = await burst(stage, crowd);
  const answers = new Set(crowd.flatMap(({ who }) => telegram.shown(who.chat))).size;
  const before = await readMemory();
  scene.tell("the same people once more");
  const second = await burst(stage, renew(stage, crowd));
  const after = await readMemory();
  const wrong = [first, second].flatMap((one) => Object.entries(one.wrong));
  const people = new Set(crowd.map(({ who }) => who)).size;
  const note = [
    `${crowd.length} messages of ${people} people, ${answers} answers (what is said during a turn joins the next)`,
    ...wrong.flatMap(([what, times]) => (times > 0 ? [`${times} ${what}`] : [])),
  ].join("; ");
  return [
    { figure: "burst-stored", samples: first.stored },
    { figure: "burst-answered", samples: [first.answeredMs / 1000], note },
    { figure: "burst-wrong", samples: [wrong.reduce((sum, [, times]) => sum + times, 0)] },
    { figure: "burst-memory", samples: [after - before] },
  ];
}

async function burst(stage: Stage, crowd: readonly Said[]) {
  stage.scene.tell(`${crowd.length} webhooks in ${((crowd.length * PAUSE_MS) / 1000).toFixed(1)} s`);
  const beginsAt = performance.now();
  const posted = await Promise.allSettled(
    crowd.map(async (one, index) => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, beginsAt + index * PAUSE_MS - performance.now())));
      return postMessage(stage, one, index % REPEATED_EVERY === 0);
    }),
  );
  const lastPostedAt = Date.now();
  const stored = posted.flatMap((one) => (one.status === "fulfilled" ? [one.value / 1000] : []));
  const lastAnswerAt = await waitForQuiet(stage);
  const wrong = { "not answered 200": posted.length - stored.length, ...(await findWrong(stage, crowd)) };
  return { stored, answeredMs: Math.max(0, lastAnswerAt - lastPostedAt), wrong };
}

function renew(stage: Stage, crowd: readonly Said[]): Said[] {
  return crowd.map(({ who }) => ({ who, id: stage.started.talker.newId() }));
}

/** Everybody's messages, the talkative spread over the whole time. A tenth: fewer people, and nobody says more than a few. */
function makeCrowd(stage: Stage): Said[] {
  const crowd = stage.scene.isQuick ? QUICK_CROWD : CROWD;
  return crowd
    .flatMap(({ people, messages }) => Array.from({ length: people }, (_unused, index) => ({ index, messages })))
    .flatMap(({ index, messages }) => {
      const who = stage.newPerson();
      return Array.from({ length: messages }, (_unused, turn) => ({
        // Where in the time it lies, from 0 to 1.
        at: (turn + ((index * 0.618) % 1)) / messages,
        said: { id: stage.started.talker.newId(), who },
      }));
    })
    .toSorted((a, b) => a.at - b.at)
    .map(({ said }) => said);
}

/** Until neither the model nor Telegram was asked for a while; answers when Telegram was sent the last message. */
async function waitForQuiet({ telegram }: Stage): Promise<number> {
  await waitFor("an end of the answers", () => {
    const last = telegram.calls.at(-1)?.at ?? 0;
    return Date.now() - last > QUIET_MS;
  });
  return telegram.callsOf("sendMessage").at(-1)?.at ?? Number.NaN;
}

/** Compares what was posted with the transcripts, and the transcripts' answers with what stands in the chats. */
async function findWrong({ started, telegram }: Stage, said: readonly Said[]): Promise<Record<string, number>> {
  const wrong = {
    lost: 0,
    doubled: 0,
    "without an answer": 0,
    "answers not sent": 0,
    "answers sent twice": 0,
    "noted as not delivered": 0,
  };
  // The one that stood by during the burst may have been given up meanwhile.
  const reader = await Talker.connectSoon(started.url, TOKEN, PATIENCE_MS);
  const chats = Map.groupBy(said, ({ who }) => who.chat);
  for (const [chat, messages] of chats) {
    const sessionKey = `agent:main:telegram:dm:${chat}`;
    const history = await reader.request<{ messages: Parameters<typeof textOf>[0][] }>("chat.history", {
      sessionKey,
      limit: 1000,
    });
    const notes = history.messages.filter((message) => message["model"] === "gateway-injected");
    wrong["noted as not delivered"] += notes.length;
    const heard = history.messages.filter(({ role }) => role === "user").map(textOf);
    for (const { id } of messages) {
      const times = heard.filter((text) => text.includes(`id=${id} `)).length;
      if (times === 0) wrong.lost += 1;
      if (times > 1) wrong.doubled += 1;
    }
    if (history.messages.at(-1)?.role !== "assistant") wrong["without an answer"] += 1;
    const answers = history.messages.filter(({ role }) => role === "assistant").length - notes.length;
    const shown = telegram.shown(chat).length;
    if (shown < answers) wrong["answers not sent"] += answers - shown;
    if (shown > answers) wrong["answers sent twice"] += shown - answers;
  }
  reader.close();
  return wrong;
}

async function waitFor(what: string, isSo: () => boolean): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > until) throw new Error(`There was no ${what.replace(/^an? /, "")} within two minutes.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

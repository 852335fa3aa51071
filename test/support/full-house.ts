// A Skerry that has been lived in: a talk of a thousand messages whose end is as awkward as talks get (long code, a wide
// table, right-to-left, a heavy picture, words without a break, many tools), a hundred sessions, long names, files with
// a history, devices that ask. `answerOf` is what the scripted model says in it.
import { knock } from "./device.ts";
import type { Script } from "./model-server/script.ts";
import { type Operator, openOperator } from "./operator.ts";
import { makePng } from "./pictures.ts";
import { post } from "./telegram/updates.ts";

export const LONG_KEY = "agent:main:long";
export const FULL_KEY = "agent:main:full";
const PLAIN_TURNS = 492;
const SESSIONS = 96;
const OTHER_FILES = 40;
const LONG_WORD = "Rheinkabelsperrfeuerleuchtturmwärtergehilfenprüfungsordnung".repeat(6);
const ADDRESS = `https://charts.example/${"tide/".repeat(40)}?${"station=lofoten&".repeat(12)}`;
/** As many characters as a name may have. */
const LONG_NAME = "The plan for the crossing, with everything that was said about it by everybody in the house, in full".slice(
  0,
  100,
);
const ARABIC = "متى يكون المد العالي عند الصخرة غدًا؟ أريد أن نبحر قبل الظهر مع Ada و Grace إن سمح الطقس بذلك.";
const HEBREW = "הגאות הגבוהה מחר ב־14:10, ולכן אפשר להפליג מ־12:00 בערך. הקובץ הוא `plans/saturday.md`.";

const COLUMNS = Array.from({ length: 14 }, (_unused, at) => `Measured value ${at + 1}`);
const WIDE_TABLE = [
  `| ${COLUMNS.join(" | ")} |`,
  `| ${COLUMNS.map(() => "---").join(" | ")} |`,
  ...Array.from(
    { length: 8 },
    (_unused, row) => `| ${COLUMNS.map((_name, at) => `${row}.${at} metres above chart datum`).join(" | ")} |`,
  ),
].join("\n");
const LONG_CODE = Array.from(
  { length: 60 },
  (_unused, at) =>
    `const height${at} = tides.filter((tide) => tide.station === "${"lofoten-".repeat(20)}${at}").map(({ height }) => height * 100).reduce((a, b) => a + b, 0); // line ${at}`,
).join("\n");
const SHAPES = `# A heading that is so long that it needs a second line on a phone, and perhaps a third

Plain words with **strong**, *soft* and \`inline code that does not want to break at all: const_of_the_tide_table_for_lofoten\`.

## Lists

1. first
   - nested, with words enough to run over the end of a line on any phone there is
     - deeper
       - and deeper
         - and deeper still
2. second

> A quotation, with a long word in it: ${LONG_WORD.slice(0, 120)}

- [x] done
- [ ] not done

---

The end of it.`;

/** What is said, and what the model does. */
export const AWKWARD: readonly { name: string; said: string; script: Script }[] = [
  { name: "shapes", said: "Show me every shape of text", script: { say: SHAPES } },
  { name: "table", said: "A wide table of tides", script: { say: `Here it is:\n\n${WIDE_TABLE}\n\nThat is all of it.` } },
  { name: "code", said: "Long lines of code", script: { say: `Here:\n\n\`\`\`ts\n${LONG_CODE}\n\`\`\`\n\nIt runs.` } },
  {
    name: "right-to-left",
    said: ARABIC,
    script: { say: `${HEBREW}\n\n- ${ARABIC}\n- mixed: שלום and hello and مرحبا\n\n${ARABIC}` },
  },
  { name: "unbroken", said: `A word: ${LONG_WORD}`, script: { say: `${LONG_WORD}\n\n${ADDRESS}\n\n[${ADDRESS}](${ADDRESS})` } },
  {
    name: "tools",
    said: "Use many tools at once",
    script: {
      think: "First I look at the chart, then at the sky. ".repeat(30),
      tool: "read",
      args: { path: "SOUL.md" },
      calls: 14,
      parallel: true,
      say: "All of them are read.",
    },
  },
  {
    name: "failed-tool",
    said: "Use a tool with a long name and fail",
    script: { tool: "read", args: { path: `notes/${"far-away/".repeat(20)}nothing.md` }, say: "There is no such file." },
  },
];
export const LAST_WORDS = "And that was all.";
const LAST_QUESTION = "What is on this picture?";

export function answerOf(said: string): Script {
  if (said.includes(LAST_QUESTION)) return { say: LAST_WORDS };
  const number = /question (\d+)/.exec(said)?.[1];
  if (number !== undefined) return { say: `Answer ${number}. The tide turns twice a day, as every chart here says.` };
  return AWKWARD.find((one) => said.includes(one.said))?.script ?? { say: "Understood." };
}

/** `botToken`: of the bot at the Telegram that Skerry was started with. */
export async function fillHouse(skerry: { url: string; token: string }, botToken: string): Promise<void> {
  const operator = await openOperator(skerry);
  const { client } = operator;
  await Promise.all(
    Array.from({ length: SESSIONS }, (_unused, at) =>
      client.request("sessions.create", {
        key: `many-${at}`,
        label: `Session ${at}: ${"tides and weather ".repeat(at % 5)}`.trim(),
      }),
    ),
  );
  await Promise.all([
    fillTalk(operator),
    fillOthers(operator),
    fillFiles(operator),
    fillSettings(operator),
    fillDevices(skerry, operator),
    fillChannels(skerry, operator, botToken),
  ]);
  operator.close();
}

async function ask(operator: Operator, key: string, words: string): Promise<void> {
  const runId = await operator.send(key, words);
  await operator.client.request("agent.wait", { runId, timeoutMs: 30_000 }, { isRepeatable: true });
}

async function fillTalk(operator: Operator): Promise<void> {
  for (let number = 1; number <= PLAIN_TURNS; number++)
    await ask(operator, LONG_KEY, `question ${number}: how high is the tide?`);
  for (const { said } of AWKWARD) await ask(operator, LONG_KEY, said);
  const runId = crypto.randomUUID();
  await operator.client.request("chat.send", {
    sessionKey: LONG_KEY,
    message: LAST_QUESTION,
    idempotencyKey: runId,
    attachments: [
      { mimeType: "image/png", fileName: "harbour.png", content: makePng(1_190, [0, 0, 0], true).toString("base64") },
      {
        mimeType: "text/csv",
        fileName: `${"tides-of-the-whole-year-".repeat(8)}.csv`,
        content: btoa("time,height\n06:12,3.1\n"),
      },
    ],
  });
  await operator.client.request("agent.wait", { runId, timeoutMs: 30_000 }, { isRepeatable: true });
  await operator.client.request("sessions.patch", { key: LONG_KEY, label: LONG_NAME });
}

/** Sessions that are called what was said in them: very long, right-to-left, without a break; and one with a long key. */
async function fillOthers(operator: Operator): Promise<void> {
  const named: readonly [string, string][] = [
    [FULL_KEY, `Three hundred characters and more: ${"the tide turns twice a day, ".repeat(12)}`],
    ["agent:main:arabic", ARABIC],
    ["agent:main:unbroken", LONG_WORD],
    [`agent:main:${"key-of-many-parts-".repeat(16)}`, "Hello"],
  ];
  await Promise.all(named.map(([key, words]) => ask(operator, key, words)));
}

async function fillFiles({ client }: Operator): Promise<void> {
  for (let turn = 1; turn <= 6; turn++)
    await client.request("agents.files.set", {
      name: "SOUL.md",
      content: `# Calm\n\n${`Speak briefly, ${turn}. `.repeat(turn * 30)}\n\n${LONG_WORD}\n`,
    });
  for (let at = 0; at < OTHER_FILES; at++)
    await client.request("agents.files.set", {
      name:
        at % 4 === 0
          ? `memory/2026-10-${String((at % 28) + 1).padStart(2, "0")}.md`
          : `notes/${"deep/".repeat(at % 6)}a-note-with-a-rather-long-name-${at}.md`,
      content: `Note ${at}\n`,
    });
  await client.request("agents.files.set", {
    name: "skills/harbour-master/SKILL.md",
    content: `---\nname: harbour-master\ndescription: ${"Berths, fees and times of every harbour there is. ".repeat(12)}\n---\n\n# Harbour master\n\n${SHAPES}\n`,
  });
}

async function fillSettings({ client }: Operator): Promise<void> {
  const budget = { perDayUsd: 50, perTurnUsd: 10 };
  await client.request("config.patch", { patch: { agents: { defaults: { budget, timeZone: "Europe/Oslo" } } } });
  await client.request("models.auth.set", { provider: "mistral", key: "sk-0123456789-abcdef-qrst", force: true });
}

const WEBHOOK_SECRET = "made-up-made-up-made-up";
const STRANGERS = ["Olga", "Gus, who keeps the light", LONG_WORD.slice(0, 60), "אורח מהנמל", "A stranger", "Eve"];

/** Two are known, one is blocked, one was turned down, two wait; a group is heard, another is not. */
async function fillChannels(skerry: { url: string }, { client }: Operator, token: string): Promise<void> {
  const keys = { TELEGRAM_BOT_TOKEN: token, TELEGRAM_WEBHOOK_SECRET: WEBHOOK_SECRET };
  await client.request("channels.add", { channel: "telegram", keys });
  await client.request("channels.add", {
    channel: "telegram",
    accountId: "work",
    keys: { ...keys, TELEGRAM_BOT_TOKEN: "1:of-nobody" },
  });
  await client.request("config.patch", {
    patch: { channels: { telegram: { groups: { "-100200": { requireMention: false } } } } },
  });
  const codes = new Map<number, string>();
  const answer = async (at: number, method: "channels.pairing.approve" | "channels.pairing.dismiss") => {
    const { requests } = await client.request<{ requests: { code: string; senderId: string }[] }>("channels.pairing.list", {});
    codes.set(at, requests.find(({ senderId }) => senderId === String(1000 + at))?.code ?? "");
    await client.request(method, { code: codes.get(at) ?? "" });
  };
  for (const [at, name] of STRANGERS.entries()) {
    await knockOnTelegram(skerry, at, name);
    if (at < 3) await answer(at, "channels.pairing.approve");
    if (at === 5) await answer(at, "channels.pairing.dismiss");
  }
  // It says what is wrong with its keys.
  await client.request("channels.test", { channel: "telegram", accountId: "work" }).catch(() => undefined);
  await client.request("people.block", { channel: "telegram", senderId: "1002" });
  await knockOnTelegram(skerry, 0, "Olga", { id: -100200, type: "supergroup", title: "Sailing club" });
  await knockOnTelegram(skerry, 1, "Gus", { id: -100300, type: "supergroup", title: `The choir ${"of the harbour ".repeat(8)}` });
}

async function knockOnTelegram(skerry: { url: string }, at: number, name: string, group?: object): Promise<void> {
  const from = { id: 1000 + at, is_bot: false, first_name: name };
  const chat = group ?? { id: from.id, type: "private", first_name: name };
  const message = { message_id: 100 + at, date: Math.floor(Date.now() / 1000), from, chat, text: "Hello" };
  const answer = await post(
    `${skerry.url}/channels/telegram`,
    { update_id: 500 + at + (group ? 50 : 0), message },
    WEBHOOK_SECRET,
  );
  if (!answer.ok) throw new Error(`Telegram’s webhook answered ${answer.status}`);
}

/** One is let in, two ask. */
async function fillDevices(skerry: { url: string }, { client }: Operator): Promise<void> {
  await knock(skerry, `The tablet in the kitchen, ${"by the window, ".repeat(6)}`);
  const { pending } = await client.request<{ pending: { requestId: string }[] }>("device.pair.list", {});
  for (const { requestId } of pending) await client.request("device.pair.approve", { requestId });
  await knock(skerry, LONG_WORD.slice(0, 180));
  await knock(skerry, "A stranger");
}

// The control rooms as wholes: full, empty, waiting, refused; and what one does in them.
import { html, type TemplateResult } from "lit";
import { showApprovals } from "../../control/approvals/approvals.ts";
import { showChannels } from "../../control/channels/channels.ts";
import { showSteps } from "../../control/channels/steps.ts";
import { showDevices } from "../../control/devices/devices.ts";
import "../../control/control.ts";
import { showFiles } from "../../control/files/files.ts";
import { showHealth } from "../../control/health/health.ts";
import { showModels } from "../../control/models/models.ts";
import { showPeople } from "../../control/people/people.ts";
import type { RoomView } from "../../control/rooms.ts";
import { showSessions } from "../../control/sessions/sessions.ts";
import { showSettings } from "../../control/settings/settings.ts";
import { showSkills } from "../../control/skills/skills.ts";
import { showUsage } from "../../control/usage/usage.ts";
import type { Case, Section, Show } from "../show.ts";
import { settle } from "../specimen.ts";
import { DISGUISED, HUGE, LATE } from "../stage/approvals.ts";
import { allLines, LINE_CASES, linkByCode, linkByQr, linkUnderWay, oneLine } from "../stage/lines.ts";
import { noAnswer, noEngine, noImage } from "../stage/machines.ts";
import { bareAnswers, dayBefore, documentOf, failing, roomAnswers, spent, usage } from "../stage/rooms.ts";
import { type Answers, OFFLINE, refuse, SILENCE, StagedDesk } from "../stage/staged-desk.ts";

type Prepare = NonNullable<Case["prepare"]>;

/** `look`: what it is about, when that is further down. */
function room(label: string, view: RoomView, answers: Answers, rest?: string, prepare?: Prepare, look?: string): Case {
  const draw = (): TemplateResult => html`<div class="page">${view(new StagedDesk({ answers }), rest)}</div>`;
  return { label, draw, ...(prepare === undefined ? {} : { prepare }), ...(look === undefined ? {} : { look }) };
}

/** A room in the conditions that all rooms share, and in its own. */
function show(name: string, view: RoomView, own: readonly Case[] = [], rest?: string): Show {
  return {
    name,
    size: "tall",
    cases: [
      room("Full", view, roomAnswers(), rest),
      room("Empty", view, bareAnswers()),
      room("Waiting", view, failing(SILENCE)),
      room("Refused", view, failing()),
      ...own,
    ],
  };
}

/** Clicks what is found, one after the other. */
const click =
  (...selectors: string[]): Prepare =>
  async (ground) => {
    for (const selector of selectors) {
      ground.querySelector<HTMLElement>(selector)?.click();
      await settle(ground);
    }
  };

function write(ground: HTMLElement, selector: string, text: string, event = "input"): void {
  const field = ground.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
  if (!field) return;
  field.value = text;
  field.dispatchEvent(new InputEvent(event, { bubbles: true }));
}

const wrongNumber: Prepare = async (ground) => {
  const budget = "#setting-agents-defaults-budget-perDayUsd";
  write(ground, budget, "-1", "change");
  await settle(ground);
};

const noJson: Prepare = (ground) => write(ground, "#settings-text", '{ "agents": ');

const unsaved: Prepare = (ground) => write(ground, ".editor", "# Soul\n\nCalm, brief, exact, and dry.\n");

const conflict: Prepare = async (ground) => {
  unsaved(ground);
  await settle(ground);
  await click(".file-save")(ground);
};

const giveKey: Prepare = async (ground) => {
  await click("[aria-label='Give a key of OpenAI']")(ground);
  write(ground, ".key-form input", "made-up");
  ground.querySelector<HTMLFormElement>(".key-form")?.requestSubmit();
  await settle(ground);
};

const giveToken: Prepare = async (ground) => {
  write(ground, "#connect-TELEGRAM_BOT_TOKEN", "made-up");
  ground.querySelector<HTMLFormElement>(".connect")?.requestSubmit();
  await settle(ground);
  await settle(ground);
};

const connectAgain: Prepare = async (ground) => {
  await click(".channel-keys")(ground);
  write(ground, "#connect-origin", "https://skerry.example.org");
  ground.querySelector<HTMLFormElement>(".connect")?.requestSubmit();
  await settle(ground);
  await settle(ground);
};

const typedCode = (): Answers => ({
  ...roomAnswers(),
  "web.login.start": {
    connected: false,
    phase: "linking",
    message: "Type this code on your phone.",
    since: 1,
    code: "ABCD-EFGH",
  },
});

const byPhone: Prepare = async (ground) => {
  write(ground, "#link-phone", "+15551234567");
  ground.querySelector<HTMLInputElement>("#link-phone")?.form?.requestSubmit();
  await settle(ground);
};

const showLink = click(".channel-link .button-strong");

const showMachine = click("sk-machine [aria-label^='Rename']", "sk-machine .machine-offer summary");

const keptAnswers = (): Answers => ({ ...roomAnswers(), "channels.connect": SILENCE });

const unknownPrice = usage({
  models: [{ model: "ollama/qwen3-coder", ...spent(0), totalTokens: 48_000, unpricedTurns: 12 }],
  budgets: [{ agentId: "main", name: "Skerry", perDayUsd: 2, countedTodayUsd: 2.4 }],
});
const oneDay = usage({ daily: [{ date: dayBefore(0), ...spent(0.4) }], totals: spent(0.4) });

const handsSettings: Answers = {
  ...roomAnswers(),
  "config.get": documentOf({
    agents: { defaults: { sandbox: { mode: "all", docker: { memory: "2g", network: "harbour" } } } },
    tools: { exec: { security: "allowlist", ask: "always" }, elevated: { allowFrom: { telegram: ["42"] } } },
    approvals: { exec: { enabled: false } },
  }),
};

const brokenStatus = {
  version: "0.1.0",
  uptimeMs: 90_000,
  connections: 1,
  model: { ref: "anthropic/claude-opus-4-6", advice: "The key of Anthropic was refused. Give another one." },
  sessions: { count: 1 },
};

export const ROOMS: Section = {
  id: "rooms",
  name: "Control rooms",
  note: "Every room waits, fails and is empty in the same way; a word says what to do next.",
  shows: [
    show("Sessions", showSessions, [
      room("One is open", showSessions, roomAnswers(), "agent:main:main"),
      room("It is gone", showSessions, roomAnswers(), "agent:main:nobody"),
    ]),
    show("Channels", showChannels, [
      room("One of them", showChannels, roomAnswers(), "telegram"),
      room("In trouble", showChannels, roomAnswers(), "slack"),
      room("Switched off", showChannels, roomAnswers(), "email"),
      room("Only those listed", showChannels, roomAnswers(), "telegram/work"),
      room("To be connected", showChannels, bareAnswers(), "telegram"),
      room("The token was refused", showChannels, bareAnswers(), "telegram", giveToken, ".connect .notice"),
      room("Telling the platform", showChannels, keptAnswers(), "telegram", connectAgain, ".connect .tools"),
      room("Connected just now", showChannels, roomAnswers(), "telegram", connectAgain),
      room("Another account", showChannels, roomAnswers(), "telegram/+"),
      room("A line at home", showChannels, roomAnswers(), "signal"),
      room("To be linked", showChannels, roomAnswers(), "whatsapp"),
      room("A code to scan", showChannels, roomAnswers(), "whatsapp", click(".channel-link .button-strong"), ".channel-link .qr"),
      room("A code to type", showChannels, typedCode(), "whatsapp", byPhone, ".channel-link-code"),
      {
        label: "What was done, and what is left to do",
        draw: () =>
          html`${showSteps([
            { state: "done", text: "The menu of commands is set." },
            { state: "by-hand", text: "Invite the bot to the channel with /invite." },
            { state: "failed", text: "Not done: Slack cannot reach http://127.0.0.1:18789." },
          ])}`,
      },
    ]),
    {
      name: "Channels with a line at home",
      note: "One row for each state of a line; each of the five is connected by a form of its own.",
      size: "tall",
      cases: [
        room("All states in the list", showChannels, { ...roomAnswers(), ...allLines() }),
        ...LINE_CASES.map((one) => room(one.label, showChannels, { ...roomAnswers(), ...oneLine(one) }, one.channel)),
        room("Linking: scan", showChannels, { ...roomAnswers(), ...linkByQr() }, "whatsapp", showLink, ".channel-link .qr"),
        room("Linking: type", showChannels, { ...roomAnswers(), ...linkByCode() }, "whatsapp", byPhone, ".channel-link-code"),
        room(
          "Linking: nothing to show yet",
          showChannels,
          { ...roomAnswers(), ...linkUnderWay() },
          "whatsapp",
          showLink,
          ".channel-link",
        ),
        ...["whatsapp", "signal", "imessage", "matrix", "discord"].map((id) =>
          room(`Connecting ${id}`, showChannels, bareAnswers(), id, settle, ".connect"),
        ),
      ],
    },
    show("People", showPeople, [
      room("One is renamed", showPeople, roomAnswers(), undefined, click("[aria-label='Rename Gus']"), ".person-form"),
      room("Two are one", showPeople, roomAnswers(), undefined, click("[aria-label='Link Gus with somebody']"), ".person-form"),
      room("The whole log", showPeople, roomAnswers(), undefined, click(".door-more"), ".door-tools"),
    ]),
    show("Approvals", showApprovals, [
      room("One pretends, one is too long, one is nearly too late", showApprovals, {
        ...roomAnswers(),
        "exec.approval.list": [DISGUISED, HUGE, LATE],
      }),
    ]),
    show("Models and keys", showModels, [
      room("A key was refused", showModels, roomAnswers(), undefined, giveKey, ".key-form"),
      room(
        "A key was tried",
        showModels,
        roomAnswers(),
        undefined,
        click("[aria-label='Test the key of Anthropic']"),
        ".key-rows",
      ),
      room("Servers without a key", showModels, roomAnswers(), undefined, click(".fold summary"), ".fold[open]"),
    ]),
    show("Files", showFiles, [
      room("Not saved", showFiles, roomAnswers(), "USER.md", unsaved),
      room("Changed elsewhere", showFiles, roomAnswers(), "TOOLS.md", conflict),
      room("As it reads", showFiles, roomAnswers(), "SOUL.md", click(".file-head .choice button:nth-child(2)")),
      room(
        "Earlier versions",
        showFiles,
        roomAnswers(),
        "SOUL.md",
        click(".file-head .choice button:nth-child(3)", ".versions button"),
      ),
      room("Too large", showFiles, roomAnswers(), "big.log"),
      room("Came with Skerry", showFiles, roomAnswers(), "skills/tides/SKILL.md"),
      room("Naming a new one", showFiles, roomAnswers(), undefined, click(".file-new"), ".file-naming"),
    ]),
    show("Skills", showSkills, [
      room("One is read", showSkills, roomAnswers(), undefined, click("[aria-controls='skill-tides']"), ".skill-page"),
    ]),
    show("Settings", showSettings, [
      room("Sandbox and commands", showSettings, handsSettings, undefined, settle, "#setting-agents-defaults-sandbox"),
      room("Commands of every agent", showSettings, handsSettings, undefined, settle, "#setting-tools"),
      room("A field is wrong", showSettings, roomAnswers(), undefined, wrongNumber, ".field-error"),
      room("The document cannot be read", showSettings, roomAnswers(), undefined, noJson),
    ]),
    show("Usage", showUsage, [
      room("One day, one turn", showUsage, { ...roomAnswers(), "usage.cost": oneDay }),
      room("The budget is used up, a price is not known", showUsage, { ...roomAnswers(), "usage.cost": unknownPrice }),
      room(
        "As tables",
        showUsage,
        roomAnswers(),
        undefined,
        click(".usage-pair .fold summary", ".section .fold summary"),
        ".fold[open]",
      ),
    ]),
    show("Devices", showDevices, [
      room("A login link", showDevices, roomAnswers(), undefined, click("sk-login-link .button"), "sk-login-link"),
      room("One is renamed", showDevices, roomAnswers(), undefined, click("[aria-label^='Rename Ada']")),
      room("A machine is renamed, its commands are shown", showDevices, roomAnswers(), undefined, showMachine, "sk-machine"),
      room("The image of a sandbox is missing", showDevices, { ...roomAnswers(), ...noImage }, undefined, settle, "sk-machine"),
      room("There is no engine", showDevices, { ...roomAnswers(), ...noEngine }, undefined, settle, "sk-machine"),
      room("A machine does not answer", showDevices, { ...roomAnswers(), ...noAnswer }, undefined, settle, "sk-machine"),
    ]),
    show("Health", showHealth, [
      room("Something wants a look", showHealth, { ...roomAnswers(), status: brokenStatus }),
      {
        label: "Not connected",
        draw: () => html`<div class="page">${showHealth(new StagedDesk({ answers: roomAnswers(), link: OFFLINE }))}</div>`,
      },
      room("The log cannot be read", showHealth, {
        ...roomAnswers(),
        "logs.tail": refuse("The log is not there yet; try again in a moment."),
      }),
    ]),
  ],
};

// Where one writes, chooses and searches.
import { html, type TemplateResult } from "lit";
import "../../components/chat/attachment-tray.ts";
import "../../components/chat/composer.ts";
import "../../components/chat/model-picker.ts";
import type { Choice } from "../../components/chat/picker.ts";
import "../../components/chat/picker.ts";
import "../../components/chat/search-bar.ts";
import { keep } from "../../state/shelf.ts";
import { Attachments, keepAttachments } from "../../talk/attachments.ts";
import { addressOf } from "../../talk/file-limits.ts";
import type { Upload, UploadOutcome } from "../../talk/upload.ts";
import { type Case, lineUp, type Section } from "../show.ts";
import { settle } from "../specimen.ts";
import { BOAT, LEDGER } from "../stage/pictures.ts";
import { MAIN } from "../stage/sessions.ts";
import { OFFLINE, SILENCE, type Stage, StagedDesk } from "../stage/staged-desk.ts";
import { running, talkAnswers } from "../stage/talk.ts";

const NOTHING_SAID = talkAnswers({ messages: [] });
const AT_WORK = talkAnswers({ messages: [], active: running({ text: "Let me see" }) });
let count = 0;

interface Writing extends Stage {
  draft?: string;
  files?: Attachments;
}

/** Every composer has a session of its own: drafts and files are kept by session. */
function composer({ draft, files, ...stage }: Writing = {}): TemplateResult {
  count += 1;
  const session = `agent:main:design-${count}`;
  if (draft !== undefined) keep(`draft.${session}`, draft);
  keepAttachments(session, files ?? new Attachments(session, endless(0)));
  const desk = new StagedDesk({ session, answers: NOTHING_SAID, ...stage });
  return html`<sk-composer .desk=${desk} .room=${desk.room}></sk-composer>`;
}

/** An upload that stands still at this share. */
const endless =
  (share: number): Upload =>
  (_file, onProgress) => {
    queueMicrotask(() => onProgress(share));
    return { done: new Promise(() => undefined), cancel: () => undefined };
  };
const ending =
  (outcome: UploadOutcome): Upload =>
  () => ({ done: Promise.resolve(outcome), cancel: () => undefined });

const ledger = (): File => new File(["day,litres\n"], "ledger-2025.csv", { type: "text/csv" });

function trayOf(upload: Upload, ...files: File[]): Attachments {
  const tray = new Attachments(`agent:main:tray-${++count}`, upload);
  tray.add(files);
  return tray;
}

/** A picture and a table on their way. */
function leaving(): Attachments {
  const tray = trayOf(endless(0.6));
  void fetch(addressOf(BOAT))
    .then((answer) => answer.blob())
    .then((bytes) => tray.add([new File([bytes], "boat.png", { type: "image/png" }), ledger()]));
  return tray;
}

function storedTray(): Attachments {
  const name = `agent:main:tray-${++count}`;
  keep(`files.${name}`, JSON.stringify([BOAT, LEDGER]));
  return new Attachments(name, endless(0));
}

const lost = (): Attachments => trayOf(ending({ outcome: "lost" }), ledger());
const refused = (): Attachments =>
  trayOf(ending({ outcome: "refused", reason: "The store is full. Delete what is not needed, then add it again." }), ledger());

/** As if this were typed. */
function type(selector: string, text: string) {
  return async (ground: HTMLElement): Promise<void> => {
    const field = ground.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
    if (!field) return;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done, 200));
    await settle(ground);
  };
}

const press =
  (selector: string) =>
  (ground: HTMLElement): void =>
    ground.querySelector<HTMLElement>(selector)?.click();

const CHOICES: readonly Choice[] = [
  { id: "anthropic/claude-opus-4-6", name: "Claude Opus 4.6", note: "anthropic/claude-opus-4-6" },
  { id: "anthropic/claude-haiku-4-5", name: "Claude Haiku 4.5", note: "anthropic/claude-haiku-4-5" },
  { id: "openai/gpt-6", name: "GPT-6", note: "openai/gpt-6", refusal: "no key of OpenAI" },
];

function picker(shown = "claude-opus-4-6"): TemplateResult {
  const offer = async (): Promise<readonly Choice[]> => CHOICES;
  return html`<sk-picker .what=${"Model"} .current=${`anthropic/${shown}`} .shown=${shown} .offer=${offer}></sk-picker>`;
}

const above = (drawing: TemplateResult): TemplateResult => html`<div class="room-above">${drawing}</div>`;

const search = (label: string, words: string, stage: Stage = {}): Case => ({
  label,
  draw() {
    const desk = new StagedDesk({ session: MAIN, answers: talkAnswers(), ...stage });
    return html`<sk-search-bar .room=${desk.room}></sk-search-bar>`;
  },
  ...(words === "" ? {} : { prepare: type("#search", words) }),
});

export const WRITING: Section = {
  id: "writing",
  name: "Writing",
  note: "It grows with the text. What keeps a message from going is said where one writes it.",
  shows: [
    {
      name: "The composer",
      cases: [
        { label: "Empty", draw: () => composer() },
        {
          label: "Filled",
          draw: () => composer({ draft: "Plan Saturday's trip to the skerry.\nMind the tide, and that Ada comes along." }),
        },
        { label: "While a turn runs", draw: () => composer({ answers: AT_WORK }) },
        { label: "More to say meanwhile", draw: () => composer({ answers: AT_WORK, draft: "And buy flares." }) },
        { label: "With files", draw: () => composer({ files: storedTray(), draft: "The numbers are in here." }) },
        { label: "Uploading", draw: () => composer({ files: leaving() }) },
        { label: "A file waits for the connection", draw: () => composer({ files: lost(), link: OFFLINE }) },
        { label: "A file was refused", draw: () => composer({ files: refused(), draft: "See the ledger." }) },
        { label: "From right to left", draw: () => composer({ draft: "رتّب لنا رحلة يوم السبت" }) },
        { label: "Focused", draw: () => html`<div class="full">${composer()}</div>`, prepare: focusLook },
      ],
    },
    {
      name: "Commands",
      note: "A slash opens the list; a command's words follow. Enter takes the marked one, Escape closes.",
      cases: [
        { label: "After a slash", draw: () => above(composer()), prepare: type("textarea", "/") },
        { label: "What a command takes", draw: () => above(composer()), prepare: type("textarea", "/think ") },
        { label: "Models by name", draw: () => above(composer()), prepare: type("textarea", "/model ") },
      ],
    },
    {
      name: "Files beside a message",
      cases: [
        {
          label: "The tray alone",
          draw: () =>
            html`<sk-attachment-tray .files=${storedTray()}></sk-attachment-tray>
              <sk-attachment-tray .files=${trayOf(endless(0.25), ledger())}></sk-attachment-tray>`,
        },
      ],
    },
    {
      name: "Pickers",
      cases: [
        {
          label: "Closed",
          draw: () =>
            lineUp([
              ["short", picker()],
              ["long", picker("qwen3-coder-480b-a35b-instruct-q4_K_M-with-a-tail")],
            ]),
        },
        { label: "Open, one of them cannot be chosen", draw: () => above(picker()), prepare: press(".picker-button") },
        {
          label: "Model and thinking",
          draw() {
            const desk = new StagedDesk({ session: MAIN, answers: talkAnswers() });
            return html`<sk-model-picker .desk=${desk} .room=${desk.room}></sk-model-picker>`;
          },
        },
        {
          label: "Of models",
          draw() {
            const desk = new StagedDesk({ session: MAIN, answers: talkAnswers() });
            return above(html`<sk-model-picker .desk=${desk} .room=${desk.room}></sk-model-picker>`);
          },
          prepare: press(".picker-button"),
        },
      ],
    },
    {
      name: "Searching a session",
      cases: [
        search("Open", ""),
        search("Found", "tide"),
        search("Nothing", "no such words"),
        search("Still reading", "tide", { answers: stillReading() }),
      ],
    },
  ],
};

function focusLook(ground: HTMLElement): void {
  ground.querySelector(".composer")?.classList.add("as-within");
}

/** The last page came, the older ones do not. */
function stillReading(): NonNullable<Stage["answers"]> {
  const answers = talkAnswers({ hasMore: true });
  const first = answers["chat.history"];
  return {
    ...answers,
    "chat.history": (params: { beforeSeq?: number }) =>
      params.beforeSeq === undefined && typeof first === "function" ? first(params) : SILENCE,
  };
}

// The talk: messages, answers, work, and what stands in its place.
import { html, type TemplateResult } from "lit";
import type { RunView, ThinkingItem, ViewItem } from "../../../client/view-items.ts";
import type { ApprovalView } from "../../../contract/home/approval-view.ts";
import "../../components/chat/chat.ts";
import "../../components/chat/markdown.ts";
import { openLightbox } from "../../components/chat/lightbox.ts";
import { renderMedia } from "../../components/chat/media.ts";
import "../../components/chat/progress.ts";
import { renderSegment } from "../../components/chat/segment.ts";
import "../../components/chat/thinking.ts";
import "../../components/chat/tool-call.ts";
import "../../control/approvals/card.ts";
import { groupItems } from "../../state/segments.ts";
import { addressOf } from "../../talk/file-limits.ts";
import { lineUp, type Section } from "../show.ts";
import { DISGUISED, HUGE, LATE, PARTED, PLAIN } from "../stage/approvals.ts";
import { BOAT, CHART, LEDGER, MANUAL, TORN } from "../stage/pictures.ts";
import { MAIN, sessionAnswers } from "../stage/sessions.ts";
import { OFFLINE, refuse, SILENCE, type Stage, StagedDesk } from "../stage/staged-desk.ts";
import { ARABIC, answered, call, EVERYTHING, LONG_TALK, PLAN, running, said, talkAnswers, WIDE } from "../stage/talk.ts";

const LEVELS = { reasoning: "on", verbose: "on" };
const NOW = Date.now();

/** Items as the transcript draws them. */
function column(items: readonly ViewItem[], stage: Stage = {}): TemplateResult {
  const desk = new StagedDesk({ session: MAIN, answers: talkAnswers({ messages: [] }), ...stage });
  const { room } = desk;
  if (!room) return html``;
  return html`<div class="column">${groupItems(items, false).map((segment) => renderSegment(segment, room, desk, LEVELS))}</div>`;
}

function transcript(stage: Stage): TemplateResult {
  const desk = new StagedDesk({ session: MAIN, ...stage });
  return html`<sk-transcript .desk=${desk} .room=${desk.room}></sk-transcript>`;
}

function chat(stage: Stage): TemplateResult {
  const desk = new StagedDesk({ session: MAIN, ...stage });
  return html`<main class="room"><sk-chat .desk=${desk} .room=${desk.room}></sk-chat></main>`;
}

const thinking = (text: string, isStreaming: boolean): ThinkingItem => ({ kind: "thinking", key: text, text, isStreaming });
const run = (rest: Partial<RunView> = {}): RunView => ({
  runId: "run",
  startedAt: NOW - 14_000,
  phase: undefined,
  phaseText: undefined,
  model: undefined,
  ...rest,
});
const note = (tone: "info" | "error" | "summary", text: string, label?: string): ViewItem => ({
  kind: "note",
  key: text,
  tone,
  text,
  at: NOW,
  ...(label === undefined ? {} : { label }),
});
const line = (item: ReturnType<typeof call>, isFull = false) =>
  html`<div class="work"><sk-tool-call .item=${item} .isFull=${isFull}></sk-tool-call></div>`;
const LONG_RESULT = "2026-11-22T14:10 high water 3.4 m\n".repeat(400);
const RAISED = { key: MAIN, label: "Saturday's trip", elevatedLevel: "ask", execHost: "home" };
/** A command that waits for a word, as its card. */
const question = (approval: ApprovalView, isInTalk = true) =>
  html`<sk-approval .desk=${new StagedDesk({ answers: { "exec.approval.resolve": SILENCE } })} .approval=${approval} .isInTalk=${isInTalk}></sk-approval>`;
const THOUGHT = "They mean the sound. The tide table is in memory; the plan belongs into a file.";

const pictures = (): void =>
  openLightbox(
    [BOAT, CHART].map((media) => ({ src: addressOf(media), name: media.name ?? "" })),
    0,
  );

export const TALK: Section = {
  id: "talk",
  name: "Talk",
  note: "What people wrote lies as pebbles at the right. An answer is plain text, and the work before it hangs on a fine line.",
  shows: [
    {
      name: "A command waits for a word",
      note: "What would run is shown as it is, with signs that cannot be seen spelled out. What is too long has to be opened first.",
      cases: [
        { label: "On a machine", draw: () => question(PLAIN) },
        { label: "In parts, for another talk", draw: () => question(PARTED, false) },
        { label: "It pretends", draw: () => question(DISGUISED) },
        { label: "Too long to be seen whole", draw: () => question(HUGE) },
        { label: "Nearly too late", draw: () => question(LATE) },
        {
          label: "In its talk",
          draw: () => chat({ answers: { ...talkAnswers({ messages: [], sessionInfo: RAISED }), "exec.approval.list": [PLAIN] } }),
        },
      ],
    },
    {
      name: "What somebody said",
      note: "A message is shown at once and says what became of it, in a sentence and with the way out.",
      cases: [
        {
          label: "Connected",
          draw: () =>
            column([
              said("Plan Saturday's trip to the skerry."),
              said("And mind the tide.", { state: "queued" }),
              said("Ada comes along.", { state: "steered", seq: 2 }),
              said("Buy flares as well.", { state: "failed", seq: 3, reason: "The model did not answer in time." }),
              said("/unknown", { state: "unsent", reason: "The message is too long: it has 1.2 million characters." }),
              said("Never mind.", { state: "dropped", reason: "Stopped before its turn came." }),
            ]),
        },
        {
          label: "Not connected, long, and from right to left",
          draw: () =>
            column(
              [
                said("What is written now is sent later.", { state: "sending" }),
                said(`A long word: ${"Unbroken".repeat(14)}`),
                said("رتّب لنا رحلة يوم السبت إلى الجزيرة الصغيرة، وانتبه إلى المد."),
                said("", { media: [BOAT] }),
                said("The numbers are in here.", { media: [LEDGER, MANUAL] }),
              ],
              { link: OFFLINE },
            ),
        },
      ],
    },
    {
      name: "Answers",
      cases: [
        { label: "With its foot", draw: () => column([said("Plan Saturday's trip."), answered(PLAN)]) },
        { label: "Everything that can stand in one", draw: () => html`<sk-markdown .text=${EVERYTHING}></sk-markdown>` },
        { label: "Wider than the screen", draw: () => html`<sk-markdown .text=${WIDE}></sk-markdown>` },
        { label: "From right to left", draw: () => html`<sk-markdown .text=${ARABIC}></sk-markdown>` },
        {
          label: "Still coming",
          draw: () =>
            html`<sk-markdown .text=${"The channel is open from **noon**, and\n\n```python\nlitres = 2 *"} .isLive=${true}></sk-markdown>`,
        },
        {
          label: "Stopped, and cut",
          draw: () =>
            column([
              said("Go on", { seq: 1 }),
              answered("I would leave at noon, because", { stopReason: "aborted", usage: { input: 420, output: 9 } }),
              said("And then?", { seq: 3 }),
              answered("Then the wind turns, and", { stopReason: "length" }),
            ]),
        },
      ],
    },
    {
      name: "Tools at work",
      note: "One line says what happens; behind it is what went in and what came out. Only what is running has the colour of lichen.",
      cases: [
        {
          label: "Folded",
          draw: () =>
            lineUp([
              ["running", line(call("running"))],
              [
                "progress",
                line(
                  call("running", {
                    name: "web_fetch",
                    args: { url: "https://example.org/tides" },
                    progress: "connected\n412 KB of 1.2 MB",
                  }),
                ),
              ],
              ["done", line(call("done", { name: "read", args: { path: "plans/saturday.md" } }))],
              ["failed", line(call("failed", { name: "edit", args: { path: "plans/saturday.md" } }))],
              ["interrupted", line(call("interrupted"))],
              ["stopped", line(call("stopped"))],
              [
                "long",
                line(
                  call("done", {
                    args: {
                      command:
                        "find . -name '*.md' -newer yesterday | xargs grep --ignore-case 'high water' | sort -u | tee /tmp/all",
                    },
                  }),
                ),
              ],
            ]),
        },
        {
          label: "Open",
          draw: () =>
            lineUp([
              ["so far", line(call("running", { progress: "RUN  tides\n ✓ high water (3)\n … low water" }), true)],
              ["result", line(call("done", { result: "Tests  12 passed (12)" }), true)],
              ["failed", line(call("failed", { result: "tides.test.ts: expected 14:10, got 02:10\nexit 1" }), true)],
              ["a long one", line(call("done", { name: "grep", args: { pattern: "high water" }, result: LONG_RESULT }), true)],
              ["no arguments", line(call("done", { name: "session_status", args: {}, result: "Idle." }), true)],
              ["a picture", line(call("done", { name: "browser", args: {}, media: [BOAT] }))],
            ]),
        },
      ],
    },
    {
      name: "Thoughts and waiting",
      cases: [
        {
          label: "Thinking",
          draw: () =>
            lineUp([
              ["under way", html`<div class="work"><sk-thinking .item=${thinking(THOUGHT, true)}></sk-thinking></div>`],
              ["folded", html`<div class="work"><sk-thinking .item=${thinking(THOUGHT, false)}></sk-thinking></div>`],
              [
                "followed",
                html`<div class="work"><sk-thinking .item=${thinking(`${THOUGHT} `, true)} .isFollowed=${true}></sk-thinking></div>`,
              ],
            ]),
        },
        {
          label: "What is going on",
          draw: () =>
            lineUp([
              ["asked", html`<sk-progress .run=${run({ model: "anthropic/claude-opus-4-6" })}></sk-progress>`],
              ["thinking", html`<sk-progress .run=${run()} .items=${[thinking(THOUGHT, true)]}></sk-progress>`],
              ["working", html`<sk-progress .run=${run()} .items=${[call("running")]}></sk-progress>`],
              [
                "trying again",
                html`<sk-progress .run=${run({ phase: "retrying", phaseText: "Overloaded: trying again in 4 s" })}></sk-progress>`,
              ],
              ["summarising", html`<sk-progress .run=${run({ phase: "compacting" })}></sk-progress>`],
              [
                "just begun",
                html`<sk-progress .run=${run({ startedAt: Date.now(), phase: "preparing_context" })}></sk-progress>`,
              ],
            ]),
        },
        {
          label: "Notes",
          draw: () =>
            column([
              note("summary", "They planned last year's trip, and bought flares."),
              note("info", "A new talk begins here.", "new"),
              note("info", "**Model** anthropic/claude-opus-4-6, 31k of 200k tokens", "/status"),
              note("error", "The key of Anthropic was refused. Give another one under Models and keys, then send again."),
            ]),
        },
      ],
    },
    {
      name: "Pictures and files",
      cases: [
        {
          label: "In the talk",
          draw: () =>
            lineUp([
              ["one", renderMedia([BOAT])],
              ["several", renderMedia([BOAT, CHART, BOAT])],
              ["two", renderMedia([BOAT, CHART])],
              ["gone", renderMedia([TORN])],
              ["files", renderMedia([LEDGER, MANUAL])],
            ]),
        },
        {
          label: "Large, over the page",
          draw: () => html`<button type="button" class="button" data-opens @click=${pictures}>Show two pictures large</button>`,
        },
      ],
    },
    {
      name: "The transcript",
      size: "screen",
      cases: [
        { label: "A talk", draw: () => chat({ answers: talkAnswers() }) },
        {
          label: "At work, with messages that wait",
          draw: () =>
            chat({
              answers: talkAnswers({
                active: running({
                  text: "I looked it up. The channel is open from",
                  calls: [
                    { callId: "l1", name: "exec", args: { command: "tides sound" }, title: "Run tides sound", state: "running" },
                  ],
                }),
                pendingInputs: { items: [{ id: "w1", text: "And the weather?", state: "queued", createdAt: NOW }] },
              }),
            }),
        },
        { label: "Empty", draw: () => chat({ answers: talkAnswers({ messages: [] }) }) },
        {
          label: "Cannot be shown",
          draw: () => chat({ answers: { ...talkAnswers(), "chat.history": refuse("The session could not be read.") } }),
        },
        { label: "Being fetched", draw: () => chat({ answers: { ...sessionAnswers, "chat.history": SILENCE } }) },
        {
          label: "Older messages above, and more below",
          draw: () => transcript({ answers: talkAnswers({ hasMore: true, messages: LONG_TALK }) }),
          prepare(ground) {
            const scroller = ground.querySelector(".transcript");
            if (scroller) scroller.scrollTop = 0;
            scroller?.dispatchEvent(new Event("scroll"));
          },
        },
        {
          label: "Being renamed, files held over it",
          draw: () => chat({ answers: talkAnswers() }),
          async prepare(ground) {
            ground.querySelector<HTMLElement>(".room-name")?.click();
            const held = new DataTransfer();
            held.items.add(new File(["a"], "a.txt"));
            ground.querySelector("sk-chat")?.dispatchEvent(new DragEvent("dragover", { dataTransfer: held }));
          },
        },
      ],
    },
  ],
};

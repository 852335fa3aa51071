// The frame around every room: the side, its foot, what is told in passing, the door, and the whole of it.
import { html, type TemplateResult } from "lit";
import "../../components/frame/app.ts";
import { showCount } from "../../components/frame/side-foot.ts";
import type { Toast } from "../../state/desk.ts";
import { lineUp, type Section } from "../show.ts";
import { roomAnswers } from "../stage/rooms.ts";
import { MAIN, noSessions, sessionAnswers } from "../stage/sessions.ts";
import { OFFLINE, type Stage, StagedDesk } from "../stage/staged-desk.ts";
import { running, talkAnswers } from "../stage/talk.ts";

const TOASTS: readonly Toast[] = [
  { id: 1, tone: "info", text: "Renamed to “Lofoten”." },
  {
    id: 2,
    tone: "error",
    text: "The settings could not be saved: Skerry cannot be reached. Check that it runs and that the address is right.",
  },
  { id: 3, tone: "info", text: "A file is still on its way. Wait for it, or remove it, then send." },
];

const app = (stage: Stage): TemplateResult => html`<sk-app .desk=${new StagedDesk(stage)}></sk-app>`;
const side = (stage: Stage): TemplateResult =>
  html`<sk-sidebar .desk=${new StagedDesk({ session: MAIN, ...stage })}></sk-sidebar>`;
const foot = (stage: Stage): TemplateResult => html`<sk-side-foot class="full" .desk=${new StagedDesk(stage)}></sk-side-foot>`;

export const FRAME: Section = {
  id: "frame",
  name: "Frame",
  note: "The side with the sessions, or with the rooms of the control side; on a phone it is a drawer.",
  shows: [
    {
      name: "The side",
      size: "side",
      cases: [
        { label: "Sessions", draw: () => side({ answers: sessionAnswers }) },
        {
          label: "Asking before one goes",
          draw: () => side({ answers: sessionAnswers }),
          prepare: (ground) => ground.querySelector<HTMLElement>(".side-remove")?.click(),
        },
        { label: "Nothing yet", draw: () => side({ answers: noSessions }) },
        {
          label: "Control",
          draw: () =>
            html`<sk-control-side
              .desk=${new StagedDesk({ place: { room: "control", rest: "usage" }, answers: roomAnswers() })}
            ></sk-control-side>`,
        },
      ],
    },
    {
      name: "Connection",
      cases: [
        {
          label: "At the foot of the side",
          draw: () =>
            lineUp([
              ["connected", foot({})],
              ["somebody waits to be let in", foot({ answers: roomAnswers() })],
              ["how many wait", showCount(12)],
              ["lost", foot({ link: OFFLINE })],
            ]),
        },
        {
          label: "At the top of a room, when it is lost for a second",
          draw: () =>
            lineUp([
              [
                "waiting",
                html`<sk-connection-bar class="full" .link=${{ phase: "waiting", retryAt: Date.now() + 3_600_000, attempt: 3 }}></sk-connection-bar>`,
              ],
              ["trying", html`<sk-connection-bar class="full" .link=${{ phase: "connecting" }}></sk-connection-bar>`],
            ]),
          prepare: () => new Promise((done) => setTimeout(done, 1_600)),
        },
      ],
    },
    {
      name: "Told in passing",
      size: "tall",
      cases: [
        {
          label: "A word, and what went wrong",
          draw: () => html`<div class="room-below"><sk-toasts .desk=${new StagedDesk({ toasts: TOASTS })}></sk-toasts></div>`,
        },
      ],
    },
    {
      name: "The door",
      size: "screen",
      cases: [
        { label: "Asked for the token", draw: () => app({ access: "out" }) },
        {
          label: "Refused",
          draw: () =>
            app({
              access: "out",
              refusal: "This link was used before or is too old. Make a new one with “skerry open”, or paste the token.",
            }),
        },
      ],
    },
    {
      name: "The page as a whole",
      size: "screen",
      cases: [
        { label: "A talk", draw: () => app({ session: MAIN, answers: talkAnswers() }) },
        {
          label: "At work, the connection lost",
          draw: () =>
            app({
              session: MAIN,
              answers: talkAnswers({ active: running({ thinking: "They mean the sound." }) }),
              link: OFFLINE,
            }),
          prepare: () => new Promise((done) => setTimeout(done, 1_600)),
        },
        {
          label: "The side drawn out (on a phone)",
          draw: () => app({ session: MAIN, answers: talkAnswers() }),
          prepare: (ground) => ground.querySelector<HTMLElement>(".side-toggle")?.click(),
        },
        { label: "A control room", draw: () => app({ place: { room: "control", rest: "usage" }, answers: roomAnswers() }) },
      ],
    },
  ],
};

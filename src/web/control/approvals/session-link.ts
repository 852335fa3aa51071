// The talk that a command was asked for in: by its title, and by its key too where others than the owner speak, since they
// choose what such a talk is called.
import { html, nothing, type TemplateResult } from "lit";
import { showLine } from "../../../contract/home/shown-text.ts";
import type { Desk } from "../../state/desk.ts";
import { writeRoute } from "../../state/route.ts";
import { titleOf } from "../../state/session-list.ts";

/** Begun at a screen, so that nobody but the owner named them. */
const OWN = /^agent:[^:]+:(?:main$|web-)/;

export function renderSessionLink(desk: Desk, key: string): TemplateResult {
  const title = titleOf(desk.sessions.find(key), key);
  return html`<a href=${writeRoute({ room: "chat", rest: key })}><bdi>${showLine(title, 90)}</bdi></a>${
    OWN.test(key) || key.endsWith(`:${title}`) ? nothing : html` <bdi>(${showLine(key, 120)})</bdi>`
  }`;
}

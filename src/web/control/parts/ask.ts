// Asks before something is lost: what goes, and two ways out.
import { html, render } from "lit";
import { putQuestion } from "./question.ts";

export interface Question {
  title: string;
  /** What will be gone, in a sentence. */
  text: string;
  /** The word for going on, such as “Delete”. */
  yes: string;
  no?: string;
}

export function ask({ title, text, yes, no = "Cancel" }: Question): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  dialog.setAttribute("aria-labelledby", "ask-title");
  dialog.setAttribute("aria-describedby", "ask-text");
  render(
    html`<form method="dialog">
      <h2 id="ask-title"><bdi>${title}</bdi></h2>
      <p id="ask-text">${text}</p>
      <div class="ask-ways">
        <button class="button" value="no" autofocus>${no}</button>
        <button class="button button-grave" value="yes">${yes}</button>
      </div>
    </form>`,
    dialog,
  );
  return putQuestion(dialog);
}

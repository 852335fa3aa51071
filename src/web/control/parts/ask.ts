// Asks before something is lost: what goes, and two ways out. Escape, a click beside the question and
// going elsewhere mean no.
import { html, render } from "lit";

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
  return showQuestion(dialog);
}

/** Shows a dialog whose form answers "yes" or "no", and takes it away when it is answered. */
export function showQuestion(dialog: HTMLDialogElement): Promise<boolean> {
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("no");
  });
  // Whoever goes elsewhere has answered.
  const leave = () => dialog.close("no");
  addEventListener("hashchange", leave);
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      removeEventListener("hashchange", leave);
      dialog.remove();
      answer(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

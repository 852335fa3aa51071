// Shows what a change of the settings would do, line by line, and asks whether to apply it.
import { html, render } from "lit";
import { showDiff } from "../editing/diff-view.ts";
import { putQuestion } from "../parts/question.ts";

export function reviewChange(before: string, after: string): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "ask ask-wide";
  dialog.setAttribute("aria-labelledby", "review-title");
  render(
    html`<form method="dialog">
      <h2 id="review-title">Apply these changes?</h2>
      ${showDiff(before, after, "Changes of the settings")}
      <div class="ask-ways">
        <button class="button" value="no">Go on editing</button>
        <button class="button button-strong" value="yes" autofocus>Apply</button>
      </div>
    </form>`,
    dialog,
  );
  return putQuestion(dialog);
}

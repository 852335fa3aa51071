// A question in a dialog of its own. Escape, a click beside it and going elsewhere mean no.

/** Shows a dialog whose form answers "yes" or "no", and takes it away when it is answered. */
export function putQuestion(dialog: HTMLDialogElement): Promise<boolean> {
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

// The person's keyboard, by a field that nobody sees: a phone opens its own for it, and what was composed or pasted comes whole. It holds
// one blank, so that a phone has something to delete and says so.
import type { HandEvent } from "../../contract/home/hand-off.ts";

const BLANK = " ";
/** Of one event; a sign counts twice there when it is an emoji. */
const MOST_SIGNS = 2500;
const NAMED = /^(Enter|Tab|Escape|Backspace|Delete|Home|End|PageUp|PageDown|Arrow(Up|Down|Left|Right)|F\d{1,2})$/;
const DELETES: Record<string, string> = {
  deleteContentBackward: "Backspace",
  deleteWordBackward: "Control+Backspace",
  deleteContentForward: "Delete",
  insertLineBreak: "Enter",
  insertParagraph: "Enter",
};

/** One sign is a key, as pages that count keys expect; more came at once. */
export function textEvents(text: string): HandEvent[] {
  const signs = Array.from(text);
  if (signs.length === 1 && text !== "\n") return [{ kind: "key", key: text === " " ? "Space" : text }];
  const events: HandEvent[] = [];
  for (let at = 0; at < signs.length; at += MOST_SIGNS) {
    events.push({ kind: "text", text: signs.slice(at, at + MOST_SIGNS).join("") });
  }
  return events;
}

/** `leave`: by F6, as from one part of a window to the next; every other key is the page's. */
export function followKeyboard(field: HTMLTextAreaElement, tell: (event: HandEvent) => void, leave: () => void): void {
  const clear = () => {
    field.value = BLANK;
    field.setSelectionRange(1, 1);
  };
  const write = (text: string) => {
    for (const event of textEvents(text)) tell(event);
  };
  clear();

  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.key === "Process" || event.key === "Unidentified") return;
    if (event.key === "F6") {
      event.preventDefault();
      return leave();
    }
    const isCommand = event.ctrlKey || event.metaKey;
    // Pasting comes as an event of its own.
    if (isCommand && event.key.toLowerCase() === "v") return;
    const isNamed = NAMED.test(event.key);
    if (!isNamed && !isCommand) return;
    if (isCommand && !isNamed && !/^[acxzy]$/i.test(event.key)) return;
    event.preventDefault();
    const held = [isCommand ? "Control+" : "", event.altKey ? "Alt+" : "", event.shiftKey ? "Shift+" : ""].join("");
    tell({ kind: "key", key: `${held}${event.key}` });
  });
  field.addEventListener("beforeinput", (event) => {
    if (event.isComposing) return;
    const key = DELETES[event.inputType];
    if (key !== undefined) {
      event.preventDefault();
      tell({ kind: "key", key });
      return clear();
    }
    if (event.data === null || event.inputType === "insertFromPaste") return;
    event.preventDefault();
    write(event.data);
    clear();
  });
  field.addEventListener("compositionend", (event) => {
    write(event.data);
    clear();
  });
  field.addEventListener("paste", (event) => {
    event.preventDefault();
    write(event.clipboardData?.getData("text/plain") ?? "");
    clear();
  });
}

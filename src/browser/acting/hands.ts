// Mouse and keyboard of a tab, as a person's would come.
import { ToolFailure } from "../../contract/errors.ts";
import { type Page, pause } from "../page/page.ts";
import type { Point } from "./element.ts";

const KEYS: Record<string, { code: number; text?: string; name?: string }> = {
  Enter: { code: 13, text: "\r" },
  Tab: { code: 9 },
  Escape: { code: 27 },
  Backspace: { code: 8 },
  Delete: { code: 46 },
  Insert: { code: 45 },
  Home: { code: 36 },
  End: { code: 35 },
  PageUp: { code: 33 },
  PageDown: { code: 34 },
  ArrowLeft: { code: 37 },
  ArrowUp: { code: 38 },
  ArrowRight: { code: 39 },
  ArrowDown: { code: 40 },
  Space: { code: 32, text: " ", name: " " },
};
const MODIFIERS: Record<string, number> = { Alt: 1, Control: 2, Ctrl: 2, Meta: 4, Cmd: 4, Command: 4, Shift: 8 };
const COMMANDS: Record<string, string> = { a: "selectAll", c: "copy", x: "cut", z: "undo" };

export async function click(page: Page, { x, y }: Point, times = 1): Promise<void> {
  const at = { x, y, button: "left" } as const;
  await page.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  for (let clickCount = 1; clickCount <= times; clickCount++) {
    await page.send("Input.dispatchMouseEvent", { ...at, type: "mousePressed", buttons: 1, clickCount });
    await page.send("Input.dispatchMouseEvent", { ...at, type: "mouseReleased", buttons: 0, clickCount });
  }
}

export async function hover(page: Page, { x, y }: Point): Promise<void> {
  await page.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
}

/** By the page's own drag-and-drop where it has one, else by the mouse alone. */
export async function drag(page: Page, from: Point, to: Point): Promise<void> {
  const { cdp } = page.connection;
  let taken: Parameters<typeof cdp.send<"Input.dispatchDragEvent">>[1] extends infer P ? P | undefined : never;
  const stop = cdp.on("Input.dragIntercepted", ({ data }, session) => {
    if (session === page.session) taken = { type: "dragEnter", x: to.x, y: to.y, data };
  });
  await page.send("Input.setInterceptDrags", { enabled: true });
  try {
    const left = { button: "left", buttons: 1 } as const;
    await hover(page, from);
    await page.send("Input.dispatchMouseEvent", { ...left, ...from, type: "mousePressed", clickCount: 1 });
    for (let step = 1; step <= 5; step++) {
      const at = { x: from.x + ((to.x - from.x) * step) / 5, y: from.y + ((to.y - from.y) * step) / 5 };
      await page.send("Input.dispatchMouseEvent", { ...left, ...at, type: "mouseMoved" });
      await pause(30);
    }
    if (taken) {
      for (const type of ["dragEnter", "dragOver", "drop"] as const)
        await page.send("Input.dispatchDragEvent", { ...taken, type });
    }
    await page.send("Input.dispatchMouseEvent", { ...to, type: "mouseReleased", button: "left", buttons: 0, clickCount: 1 });
  } finally {
    stop();
    cdp.tell("Input.setInterceptDrags", { enabled: false }, page.session);
  }
}

export async function type(page: Page, text: string): Promise<void> {
  if (text === "") await press(page, "Delete");
  else await page.send("Input.insertText", { text });
}

/** `Enter`, `a`, `Control+A`. @throws ToolFailure for a key that is not known. */
export async function press(page: Page, written: string): Promise<void> {
  const parts = written === "+" ? ["+"] : written.split("+");
  const name = parts.pop() || "+";
  let modifiers = 0;
  for (const part of parts) {
    const bit = MODIFIERS[part];
    if (bit === undefined)
      throw new ToolFailure(`${part} is no key that can be held; there are ${Object.keys(MODIFIERS).join(", ")}.`);
    modifiers |= bit;
  }
  const known = KEYS[name] ?? functionKey(name);
  if (!known && Array.from(name).length !== 1) {
    throw new ToolFailure(`${name} is no key that is known: use one character, F1 to F12, or ${Object.keys(KEYS).join(", ")}.`);
  }
  const letter = name.toUpperCase();
  const isHeld = (modifiers & ~8) !== 0;
  const text = isHeld ? undefined : known ? known.text : name;
  const command = isHeld ? COMMANDS[name.toLowerCase()] : undefined;
  const key = {
    modifiers,
    key: known ? (known.name ?? name) : name,
    code: known ? name : /[A-Z]/.test(letter) ? `Key${letter}` : /\d/.test(name) ? `Digit${name}` : "",
    windowsVirtualKeyCode: known?.code ?? letter.charCodeAt(0),
  };
  const down = { ...key, type: text === undefined ? "rawKeyDown" : "keyDown", ...(text === undefined ? {} : { text }) } as const;
  await page.send("Input.dispatchKeyEvent", { ...down, ...(command ? { commands: [command] } : {}) });
  await page.send("Input.dispatchKeyEvent", { ...key, type: "keyUp" });
}

function functionKey(name: string): { code: number; text?: string; name?: string } | undefined {
  const number = /^F(\d{1,2})$/.exec(name)?.[1];
  return number !== undefined && Number(number) >= 1 && Number(number) <= 12 ? { code: 111 + Number(number) } : undefined;
}

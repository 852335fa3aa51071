// A person at the keyboard: what has the focus, going on by Tab until something has it, and once round the whole page.
import type { Page } from "playwright-core";

const MOST_STOPS = 400;

/** The name of what has the focus, as a screen reader says it; nothing when the focus is lost. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return "";
    const labels = "labels" in element ? [...((element.labels ?? []) as NodeListOf<HTMLLabelElement>)] : [];
    const words = element.getAttribute("aria-label") ?? labels.map((label) => label.textContent).join(" ");
    return (words || (element.textContent ?? "")).trim().replace(/\s+/g, " ");
  });
}

/** Presses Tab until what is wanted has the focus. `within`: a class it has. */
export async function tabTo(page: Page, name: RegExp, key: "Tab" | "Shift+Tab" = "Tab", within?: string): Promise<void> {
  const seen: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press(key);
    const now = await focused(page);
    const isIt = within === undefined || (await page.evaluate((one) => document.activeElement?.classList.contains(one), within));
    if (name.test(now) && isIt) return;
    seen.push(now.slice(0, 30));
  }
  throw new Error(`${key} never led to ${name}. It led to: ${[...new Set(seen)].join(" | ")}`);
}

export interface Walk {
  names: string[];
  /** Stops whose focus cannot be seen. */
  unseen: string[];
  /** Every stop was left again, and the first came back. */
  isRound: boolean;
}

/** Once round the page. A stop is in sight when something about it or about the frame around it looks different with the focus. */
export async function walkTabs(page: Page): Promise<Walk> {
  const names: string[] = [];
  const unseen: string[] = [];
  await page.evaluate(() => {
    for (const element of document.querySelectorAll("[data-stop]")) element.removeAttribute("data-stop");
  });
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const state = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return "out";
      if (element.dataset["stop"] !== undefined) return "again";
      element.dataset["stop"] = "";
      const look = () =>
        [element, element.closest("form, .search, .picker")].map((one) => {
          if (!one) return "";
          const { outline, boxShadow, borderColor } = getComputedStyle(one);
          return `${outline} ${boxShadow} ${borderColor}`;
        });
      const { top, bottom, left, right } = element.getBoundingClientRect();
      const isInSight = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
      const before = look().join();
      element.blur();
      const after = look().join();
      element.focus({ focusVisible: true } as FocusOptions);
      return before === after ? "like without the focus" : isInSight ? "seen" : "out of sight";
    });
    // Between the last stop and the first come the browser's own bars.
    if (state === "out") continue;
    if (state === "again") return { names, unseen, isRound: (await focused(page)) === names[0] };
    const name = await focused(page);
    names.push(name);
    if (state !== "seen") unseen.push(`${name.slice(0, 60)}: ${state}`);
  }
  return { names, unseen, isRound: false };
}

/** Controls that a screen reader has no name for. */
export async function findUnnamed(page: Page): Promise<string[]> {
  const tree = await page.locator("body").ariaSnapshot();
  const kinds =
    /^\s*- (button|link|textbox|searchbox|combobox|checkbox|switch|slider|option|dialog|navigation|region|img)(?! ")(?: \[[^\]]*\])*:?\s*$/;
  return tree.split("\n").filter((line) => kinds.test(line));
}

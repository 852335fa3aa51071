// Cookies and the stores of a page. What keeps a login is named, not shown: a value is only for those who may run scripts there,
// and one that scripts may not read is not shown at all.
import { ToolFailure } from "../../contract/errors.ts";
import type { BrowserInput } from "../../contract/home/browser.ts";
import { plain } from "../answer.ts";
import type { Page } from "./page.ts";
import { CLEAR_STORE, READ_STORE, WRITE_STORE } from "./scripts.ts";

export async function cookies(page: Page, { op = "get", set }: BrowserInput, mayRead: boolean): Promise<string> {
  const { url } = await page.main();
  const { cookies: known } = await page.send("Network.getCookies", { urls: [url] });
  switch (op) {
    case "get":
      return known.length === 0
        ? "No cookies for this page."
        : known
            .map(({ name, value, domain, expires, httpOnly, secure }) => {
              const shown = mayRead && !httpOnly ? ` = ${plain(value, 200)}` : ` (${value.length} characters)`;
              const until =
                expires > 0 ? `until ${new Date(expires * 1000).toISOString().slice(0, 10)}` : "until the browser ends";
              return `${plain(name, 100)}${shown}; ${domain}; ${until}${httpOnly ? "; httpOnly" : ""}${secure ? "; secure" : ""}`;
            })
            .join("\n");
    case "set": {
      const values = textsOf(set);
      for (const [name, value] of values) {
        const { success } = await page.send("Network.setCookie", { name, value, url });
        if (!success) throw new ToolFailure(`The browser does not take the cookie ${name}.`);
      }
      return `Set ${values.map(([name]) => name).join(", ")}.`;
    }
    case "clear":
      for (const { name, domain, path } of known) await page.send("Network.deleteCookies", { name, domain, path });
      return `Cleared ${known.length} cookies of this page.`;
    default:
      return op satisfies never;
  }
}

export async function storage(page: Page, { op = "get", set }: BrowserInput, mayRead: boolean): Promise<string> {
  const world = await page.worldOf(await page.main());
  switch (op) {
    case "get": {
      const stores = await page.call<Record<"local" | "session", Record<string, string>>>(world, READ_STORE);
      const lines = Object.entries(stores).flatMap(([store, values]) =>
        Object.entries(values).map(
          ([key, value]) =>
            `${store}: ${plain(key, 200)}${mayRead ? ` = ${plain(value, 500)}` : ` (${value.length} characters)`}`,
        ),
      );
      return lines.length === 0 ? "Nothing is stored for this page." : lines.slice(0, 200).join("\n");
    }
    case "set": {
      const values = textsOf(set);
      await page.call(world, WRITE_STORE, [Object.fromEntries(values)]);
      return `Stored ${values.map(([key]) => key).join(", ")}.`;
    }
    case "clear":
      await page.call(world, CLEAR_STORE);
      return "Cleared what this page had stored.";
    default:
      return op satisfies never;
  }
}

function textsOf(set: Record<string, unknown> | undefined): [string, string][] {
  const values = Object.entries(set ?? {});
  if (values.length === 0) throw new ToolFailure("op set needs set: names and values.");
  return values.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
}

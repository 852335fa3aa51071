// One journey for every back end of the browser: log in, fill a form, send a file, fetch a file, read a table. It knows the browser
// only by what goes in and what the model would read.
import { expect } from "vitest";
import type { BrowserInput } from "../../src/contract/home/browser.ts";
import { INVOICE, ORDERS, type Pages, SHOP_LOGIN } from "./browser-pages.ts";

export interface JourneyAnswer {
  /** All that the model reads of it. */
  text: string;
  files: { name: string; bytes: Uint8Array }[];
}

/** What `upload` is given as a path; the back end has to have this file under it. */
export const CARGO = { path: "cargo.csv", text: "item;pieces\nanchor;1\nlantern;4\n" };

export async function runJourney(
  act: (input: BrowserInput) => Promise<JourneyAnswer>,
  pages: Pick<Pages, "origin" | "orders" | "files">,
): Promise<void> {
  // A page behind the login leads to the login.
  const login = await act({ action: "open", url: `${pages.origin}/shop/orders` });
  expect(login.text).toContain("Sign in");
  const wrong = await act({
    action: "act",
    kind: "fill",
    fields: [
      { ref: refOf(login.text, 'textbox "Name"'), text: SHOP_LOGIN.name },
      { ref: refOf(login.text, 'textbox "Password"'), text: "wrong" },
    ],
  });
  // What is typed into a password field is nobody's to read.
  expect(wrong.text).not.toContain('"wrong"');
  const refused = await act({ action: "act", kind: "click", ref: refOf(login.text, 'button "Sign in"') });
  expect(refused.text).toContain("Again");
  const again = await act({ action: "act", kind: "click", ref: refOf(refused.text, 'link "Again"') });
  await act({ action: "act", kind: "type", ref: refOf(again.text, 'textbox "Name"'), text: SHOP_LOGIN.name });
  const orders = await act({
    action: "act",
    kind: "type",
    ref: refOf(again.text, 'textbox "Password"'),
    text: SHOP_LOGIN.password,
    submit: true,
  });
  expect(orders.text).toContain("/shop/orders");

  // A table.
  const table = await act({ action: "snapshot" });
  for (const row of ORDERS) expect(table.text).toContain(row.join(" | "));
  const narrowed = await act({ action: "snapshot", query: "Hamburg" });
  expect(narrowed.text).toContain("Tar, one keg");
  expect(narrowed.text).not.toContain("Sail cloth");

  // A form with every kind of field.
  const form = await act({ action: "act", kind: "click", ref: refOf(orders.text, 'link "New order"') });
  const field = (name: string) => refOf(form.text, name);
  await act({
    action: "act",
    kind: "fill",
    fields: [
      { ref: field('textbox "Title"'), text: "Winter stores" },
      { ref: field('textbox "Notes"'), text: "first line\nsecond “line”" },
      { ref: field('spinbutton "Amount"'), text: "12" },
      { ref: field('textbox "Mail"'), text: "ann@example.com" },
      { ref: field('"Deliver on"'), text: "2026-12-24" },
      { ref: field('"At"'), text: "17:30" },
      { ref: field('"Colour"'), text: "#12ab34" },
      { ref: field('slider "Volume"'), text: "7" },
      { ref: field('combobox "Harbour"'), text: "Hamburg" },
      { ref: field('checkbox "Express"'), text: "true" },
      { ref: field('radio "Cash"'), text: "true" },
      { ref: field('textbox "Remark"'), text: "mind the tide" },
    ],
  });
  await act({ action: "act", kind: "select", ref: field('listbox "Goods"'), values: ["rope", "sail"] });
  const opened = await act({ action: "act", kind: "click", ref: field('combobox "Crew"') });
  await act({ action: "act", kind: "click", ref: refOf(opened.text, 'option "Bo"') });
  const placed = await act({ action: "act", kind: "click", ref: field('button "Place order"') });
  expect(placed.text).toContain("Order placed");
  expect(pages.orders.at(-1)).toEqual({
    title: ["Winter stores"],
    notes: ["first line\r\nsecond “line”"],
    amount: ["12"],
    mail: ["ann@example.com"],
    date: ["2026-12-24"],
    time: ["17:30"],
    colour: ["#12ab34"],
    volume: ["7"],
    harbour: ["hh"],
    goods: ["rope", "sail"],
    express: ["on"],
    pay: ["cash"],
    remark: ["mind the tide"],
    crew: ["Bo"],
    token: ["t-1"],
  });

  // Files both ways.
  const files = await act({ action: "act", kind: "click", ref: refOf(placed.text, 'link "Files"') });
  await act({ action: "act", kind: "upload", ref: refOf(files.text, '"Cargo list"'), values: [CARGO.path] });
  const sent = await act({ action: "act", kind: "click", ref: refOf(files.text, 'button "Send"') });
  expect(sent.text).toContain("Received");
  expect(pages.files.at(-1)).toMatchObject({ name: CARGO.path, text: CARGO.text });
  await act({ action: "back" });
  const listed = await act({ action: "snapshot", mode: "interactive" });
  const fetched = await act({ action: "download", ref: refOf(listed.text, 'link "Invoice as CSV"') });
  expect(fetched.files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)])).toEqual([
    ["invoice-1001.csv", INVOICE],
  ]);

  const shot = await act({ action: "screenshot" });
  expect([...(shot.files[0]?.bytes.subarray(1, 4) ?? [])]).toEqual([0x50, 0x4e, 0x47]);
}

/** The ref in the line that has these words. */
export function refOf(text: string, words: string): string {
  const line = text.split("\n").find((one) => one.includes(words) && /\[e\d+\]/.test(one));
  const ref = /\[(e\d+)\]/.exec(line ?? "")?.[1];
  if (ref === undefined) throw new Error(`no ref with ${words} in:\n${text}`);
  return ref;
}

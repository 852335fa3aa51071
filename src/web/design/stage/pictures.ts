// Made-up files. Their keys lead out of the media store to drawings that are built with this page.
import type { MediaRef } from "../../../contract/message.ts";
import boat from "../pictures/boat.png";
import chart from "../pictures/chart.png";
import torn from "../pictures/torn.png";

function drawing(address: string, name: string): MediaRef {
  return { key: `..${new URL(address, import.meta.url).pathname}`, type: "image/png", size: 148_000, name };
}

export const BOAT = drawing(boat, "boat.png");
export const CHART = drawing(chart, "chart of the sound.png");
/** Cannot be shown. */
export const TORN = drawing(torn, "torn.png");
export const LEDGER: MediaRef = { key: "ledger", type: "text/csv", size: 18_400, name: "ledger-2025.csv" };
export const MANUAL: MediaRef = {
  key: "manual",
  type: "application/pdf",
  size: 4_300_000,
  name: "Manual of the outboard motor, third edition, with all supplements and the list of spare parts.pdf",
};

// Icons of the control side, drawn as the page's others are (pictures/icons.ts), fetched only with it.
import { svg } from "lit";
import { icon } from "../pictures/icons.ts";

export const shelf = icon(
  svg`<rect x="3.5" y="4" width="13" height="4.5" rx="1.5" /><rect x="3.5" y="11.5" width="13" height="4.5" rx="1.5" />`,
);
export const hand = icon(
  svg`<path d="M6.5 10.5v-5a1.2 1.2 0 0 1 2.4 0V9m0-4.6a1.2 1.2 0 0 1 2.4 0V9m0-3.6a1.2 1.2 0 0 1 2.4 0v5.9c0 3.2-1.7 5.3-4.4 5.3-2 0-3-.8-4-2.6L3.7 11a1.2 1.2 0 0 1 2-1.3l.8 1" />`,
);
export const gauge = icon(svg`<path d="M4 16V10.5M8 16V6.5M12 16v-4M16 16V4" />`);
export const key = icon(svg`<circle cx="7" cy="13" r="3.2" /><path d="m9.3 10.7 6.5-6.5M13.2 6.8l2.4 2.4" />`);
export const pulse = icon(svg`<path d="M2.8 10.5h3.4l2-5 3.4 9.5 2.2-6.5 1 2h2.4" />`);
export const talk = icon(
  svg`<path d="M4 4.5h12a1 1 0 0 1 1 1V13a1 1 0 0 1-1 1H9.5L6 17v-3H4a1 1 0 0 1-1-1V5.5a1 1 0 0 1 1-1Z" />`,
);
export const back = icon(svg`<path d="m11.5 4.5-5.5 5.5 5.5 5.5M6 10h9.5" />`, 18);
export const mind = icon(
  svg`<circle cx="10" cy="10" r="2.6" /><path d="M10 3.2v2.2M10 14.6v2.2M3.2 10h2.2M14.6 10h2.2M5.2 5.2l1.5 1.5M13.3 13.3l1.5 1.5" />`,
);
export const book = icon(
  svg`<path d="M10 5.5C8 4 5.8 3.8 3.5 4v11.5c2.3-.2 4.5 0 6.5 1.5 2-1.5 4.2-1.7 6.5-1.5V4C14.2 3.8 12 4 10 5.5ZM10 5.5V17" />`,
);
export const dials = icon(
  svg`<path d="M5.5 3.5v5M5.5 12.5v4M14.5 3.5v4M14.5 11.5v5M10 3.5v8M10 15.5v1" /><circle cx="5.5" cy="10.5" r="1.8" /><circle cx="14.5" cy="9.5" r="1.8" /><circle cx="10" cy="13.5" r="1.8" />`,
);
export const plane = icon(svg`<path d="M3.2 9.4 16.8 3.6l-3 12.8-4.3-4-2.7 2.4.3-4.3ZM7.1 10.5l9.7-6.9" />`);
export const pair = icon(
  svg`<circle cx="7.5" cy="7.5" r="2.7" /><path d="M2.8 16c.3-2.8 2.2-4.4 4.7-4.4s4.4 1.6 4.7 4.4M13 5.2a2.5 2.5 0 0 1 0 4.7M14.3 12.1c1.7.5 2.7 1.8 2.9 3.9" />`,
);

// The page's icons: fine lines on a grid of 20, in the colour of the text around them. Decoration only: whoever uses
// one gives it a name beside it.
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";

export function icon(paths: SVGTemplateResult, size = 20): TemplateResult {
  return html`<svg
    width=${size}
    height=${size}
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;
}

export const arrowUp = icon(svg`<path d="M10 16V4.5M5 9.2l5-5 5 5" />`);
export const arrowDown = icon(svg`<path d="M10 4v11.5M5 10.8l5 5 5-5" />`);
export const check = icon(svg`<path d="m4.5 10.5 3.6 3.7 7.4-8.2" />`, 14);
export const chevron = icon(svg`<path d="m7.5 4.5 5.5 5.5-5.5 5.5" />`, 14);
export const chevronDown = icon(svg`<path d="m5 7.5 5 5 5-5" />`, 14);
export const close = icon(svg`<path d="m5 5 10 10M15 5 5 15" />`, 18);
export const copy = icon(
  svg`<rect x="7" y="7" width="9.5" height="9.5" rx="2" /><path d="M13 7V5.5a2 2 0 0 0-2-2H5.5a2 2 0 0 0-2 2V11a2 2 0 0 0 2 2H7" />`,
  16,
);
export const cross = icon(svg`<path d="m5.5 5.5 9 9m0-9-9 9" />`, 14);
export const leave = icon(
  svg`<path d="M8 3.5H5a1.5 1.5 0 0 0-1.5 1.5v10A1.5 1.5 0 0 0 5 16.5h3M12.5 13.5 16 10l-3.5-3.5M16 10H8" />`,
);
export const lines = icon(svg`<path d="M3.5 6h13M3.5 10h13M3.5 14h8" />`);
export const moon = icon(svg`<path d="M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3Z" />`);
export const page = icon(svg`<path d="M5.5 3h6l3.5 3.5V17h-9.5ZM11.5 3v3.5H15" />`);
export const paperclip = icon(
  svg`<path d="m15.6 9.4-5.8 5.8a3.6 3.6 0 0 1-5.1-5.1l6.2-6.2a2.4 2.4 0 0 1 3.4 3.4l-6.2 6.2a1.2 1.2 0 0 1-1.7-1.7l5.5-5.5" />`,
);
export const plus = icon(svg`<path d="M10 4v12M4 10h12" />`, 18);
export const search = icon(svg`<circle cx="9" cy="9" r="5" /><path d="m12.8 12.8 4 4" />`);
export const sliders = icon(
  svg`<path d="M3.5 6h7M14.5 6h2M3.5 14h2M9.5 14h7" /><circle cx="12.5" cy="6" r="2" /><circle cx="7.5" cy="14" r="2" />`,
  18,
);
export const stop = icon(svg`<rect x="5.5" y="5.5" width="9" height="9" rx="1.5" fill="currentColor" />`, 16);
export const sun = icon(
  svg`<circle cx="10" cy="10" r="3.2" /><path d="M10 2.8v1.6M10 15.6v1.6M2.8 10h1.6M15.6 10h1.6M4.9 4.9 6 6M14 14l1.1 1.1M15.1 4.9 14 6M6 14l-1.1 1.1" />`,
);
export const thought = icon(svg`<path d="M3 12.5c2.3-2.6 4.7-2.6 7 0s4.7 2.6 7 0M3 7.5c2.3-2.6 4.7-2.6 7 0s4.7 2.6 7 0" />`, 14);
export const trash = icon(svg`<path d="M4 5.5h12M8 5.5V4h4v1.5M5.5 5.5l.7 10.5h7.6l.7-10.5M8.5 8.8v4M11.5 8.8v4" />`, 18);
export const warning = icon(svg`<path d="M10 3.2 17.2 16H2.8ZM10 8.2v3.6M10 13.9v.1" />`, 18);
export const dayAndNight = icon(
  svg`<circle cx="10" cy="10" r="6.8" /><path d="M10 3.2a6.8 6.8 0 0 1 0 13.6Z" fill="currentColor" />`,
);

/** The sign of work under way. */
export const wave = html`<span class="wave" aria-hidden="true"
  ><svg width="36" height="12" viewBox="0 0 36 12" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round">
    <path d="M0 6c2-3.4 4-3.4 6 0s4 3.4 6 0 4-3.4 6 0 4 3.4 6 0 4-3.4 6 0 4 3.4 6 0" />
  </svg>
</span>`;

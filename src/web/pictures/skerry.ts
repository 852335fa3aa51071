// The drawing: a small rock at the edge of the sea, lichen where the spray reaches, and the swell around it.
import { html } from "lit";

export const skerry = html`<svg class="skerry" viewBox="0 0 320 132" aria-hidden="true">
  <path class="skerry-rock" d="M104 92 118 70l13-3 12-22 15-17 9 3 13 19 12 5 9 15 15 22Z" />
  <path class="skerry-face" d="m158 28 9 3 13 19 12 5 9 15 15 22h-38l-9-21-12-12 4-14Z" />
  <path class="skerry-lichen" d="m143 45 15-17 9 3-6 5-3 8-7-1-4 6Z" />
  <path class="skerry-lichen" d="m176 58 4-8 12 5-5 3-1 5Z" />
  <path class="skerry-swell" d="M58 94c9-5 18-5 27 0s18 5 27 0 18-5 27 0 18 5 27 0 18-5 27 0 18 5 27 0 18-5 27 0 9 4 16 1" />
  <path class="skerry-swell" d="M18 106c10-5 20-5 30 0s20 5 30 0 20-5 30 0 20 5 30 0 20-5 30 0 20 5 30 0 20-5 30 0 20 5 30 0 20-5 30 0 16 4 22 1" />
  <path class="skerry-swell" d="M84 118c9-4 18-4 27 0s18 4 27 0 18-4 27 0 18 4 27 0 18-4 27 0 18 4 27 0" />
</svg>`;

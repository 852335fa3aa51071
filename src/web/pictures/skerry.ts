// The drawing: a low rock at the edge of the sea with its sea mark, lichen above the spray, and the swell around it.
import { html } from "lit";

export const skerry = html`<svg class="skerry" viewBox="0 0 320 132" aria-hidden="true">
  <path class="skerry-pole" d="M161 52V20M161 33l-8 19M161 33l8 19" />
  <circle class="skerry-lamp" cx="161" cy="15" r="3.5" />
  <path class="skerry-rock" d="M62 96c8-9 20-12 30-17 7-11 20-18 38-20 14-10 40-12 54-3 15 2 24 9 30 18 15 4 32 11 44 22Z" />
  <path class="skerry-face" d="M184 56c15 2 24 9 30 18 15 4 32 11 44 22h-86c9-7 3-14 13-21-5-6 0-13-1-19Z" />
  <path class="skerry-lichen" d="M139 56c5-3 11-4 16-4 1 2-2 4-5 4 2 3-3 5-6 3-3 2-6-1-5-3Z" />
  <path class="skerry-lichen" d="M122 66c4-2 9-2 10 1-2 3-6 1-8 3-2-1-3-2-2-4ZM171 60c3-2 7 0 7 2-3 2-7 1-7-2ZM200 71c3-2 7-1 9 2-3 2-8 1-9-2ZM108 78c2-2 6-1 6 1-2 2-6 1-6-1Z" />
  <path class="skerry-swell" d="M44 97c10-5 19-5 29 0s19 5 29 0 19-5 29 0 19 5 29 0 19-5 29 0 19 5 29 0 19-5 29 0 19 5 29 0" />
  <path class="skerry-swell" d="M14 109c11-5 22-5 33 0s22 5 33 0 22-5 33 0 22 5 33 0 22-5 33 0 22 5 33 0 22-5 33 0 22 5 33 0 18-4 27-1" />
  <path class="skerry-swell" d="M78 121c10-4 20-4 30 0s20 4 30 0 20-4 30 0 20 4 30 0 20-4 30 0" />
</svg>`;

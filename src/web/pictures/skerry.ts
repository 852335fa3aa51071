// The drawing: a low rock at the edge of the sea with its sea mark, lichen above the spray, and the swell around it.
import { html } from "lit";

export const skerry = html`<svg class="skerry" viewBox="0 0 320 132" aria-hidden="true">
  <path class="skerry-pole" d="M161 52V20m-5 8h10" />
  <circle class="skerry-lamp" cx="161" cy="15" r="3.5" />
  <path class="skerry-rock" d="M62 96c8-9 20-12 30-17 7-11 20-18 38-20 14-10 40-12 54-3 15 2 24 9 30 18 15 4 32 11 44 22Z" />
  <path class="skerry-face" d="M184 56c15 2 24 9 30 18 15 4 32 11 44 22h-86c9-7 3-14 13-21-5-6 0-13-1-19Z" />
  <path class="skerry-lichen" d="M130 59c14-10 40-12 54-3-6 4-12 1-18 5-7-4-13 3-20 0-5 3-11 0-16-2Z" />
  <path class="skerry-lichen" d="M196 68c4-3 9-1 11 1-2 3-8 3-11-1ZM112 71c3-3 8-3 10 0-3 2-8 2-10 0Z" />
  <path class="skerry-swell" d="M44 97c10-5 19-5 29 0s19 5 29 0 19-5 29 0 19 5 29 0 19-5 29 0 19 5 29 0 19-5 29 0 19 5 29 0" />
  <path class="skerry-swell" d="M14 109c11-5 22-5 33 0s22 5 33 0 22-5 33 0 22 5 33 0 22-5 33 0 22 5 33 0 22-5 33 0 22 5 33 0 18-4 27-1" />
  <path class="skerry-swell" d="M78 121c10-4 20-4 30 0s20 4 30 0 20-4 30 0 20 4 30 0 20-4 30 0" />
</svg>`;

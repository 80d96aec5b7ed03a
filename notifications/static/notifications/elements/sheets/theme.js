// @ts-check
/**
 * Colours, sizes and the small parts that all elements share. Constructed sheets, since a strict content security
 * policy blocks a `<style>` in a shadow root.
 *
 * A site sets `--notifications-…`; what it leaves out follows the page's `color-scheme`.
 */

/** @param {string} css */
export function sheet(css) {
  const made = new CSSStyleSheet()
  made.replaceSync(css)
  return made
}

const COLOURS = `
  --_surface: var(--notifications-surface, light-dark(#fff, #1d2328));
  --_ink: var(--notifications-ink, light-dark(#1b2127, #e6eaee));
  --_soft: var(--notifications-soft, light-dark(#55616d, #a3b0bc));
  --_line: var(--notifications-line, light-dark(#d9dfe5, #39434c));
  --_link: var(--notifications-link, light-dark(#1f5f8b, #7cc0f0));
  --_on-link: var(--notifications-on-link, light-dark(#fff, #0d1a24));
  --_accent: var(--notifications-accent, light-dark(#b3261e, #ffb4ab));
  --_on-accent: var(--notifications-on-accent, light-dark(#fff, #410e0b));
  --_warm: var(--notifications-warm, light-dark(#8a4b00, #f0b35a));
  --_danger: var(--notifications-danger, light-dark(#b3261e, #ffa39b));
  --_radius: var(--notifications-radius, 0.75rem);
  --_shadow: var(--notifications-shadow, 0 1px 2px rgb(0 0 0 / 10%), 0 8px 28px rgb(0 0 0 / 18%));
  --_tint: color-mix(in srgb, var(--_link) 8%, var(--_surface));
  --_hover: color-mix(in srgb, var(--_ink) 6%, var(--_surface));
`

/** A surface that lies over the page: nothing of the place in the page where it happens to stand gets through. */
const SURFACE = `
  ${COLOURS}
  box-sizing: border-box;
  background: var(--_surface);
  color: var(--_ink);
  font-family: var(--notifications-font, inherit);
  font-size: var(--notifications-font-size, 0.9375rem);
  font-weight: 400;
  font-style: normal;
  line-height: 1.45;
  letter-spacing: normal;
  text-align: start;
  text-transform: none;
  text-shadow: none;
  white-space: normal;
  overflow-wrap: anywhere;
  cursor: auto;
`

const PARTS = `
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, p, ol, li { margin: 0; padding: 0; list-style: none; }
button { margin: 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; }
:focus-visible { outline: 2px solid var(--_link); outline-offset: 2px; }
.icon {
  flex: none;
  inline-size: 1.25em;
  block-size: 1.25em;
  fill: none;
  stroke: currentcolor;
  stroke-width: 1.7;
  stroke-linecap: round;
  stroke-linejoin: round;
}
.hidden {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.icon-button {
  display: inline-grid;
  place-items: center;
  min-inline-size: 2rem;
  min-block-size: 2rem;
  padding: 0;
  border-radius: 0.5rem;
  color: var(--_soft);
}
@media (hover: hover) {
  .icon-button:hover { background: color-mix(in srgb, var(--_ink) 10%, transparent); color: var(--_ink); }
  .text-button:hover { background: color-mix(in srgb, var(--_link) 12%, transparent); }
}
.text-button {
  min-block-size: 2rem;
  padding: 0.25em 0.6em;
  border-radius: 0.5rem;
  color: var(--_link);
  font-weight: 600;
  font-size: 0.9em;
  line-height: 1.2;
  text-decoration: none;
}
.text-button[aria-disabled="true"] { background: none; color: var(--_soft); font-weight: 400; cursor: default; }
.priority {
  display: inline-flex;
  align-items: center;
  gap: 0.25em;
  font-weight: 600;
}
[data-priority="high"] .priority { color: var(--_warm); }
[data-priority="critical"] .priority { color: var(--_danger); }
.priority .icon { inline-size: 1.1em; block-size: 1.1em; stroke-width: 2.2; }
.subject { color: inherit; text-decoration: none; }
.count { margin-inline-start: 0.4em; color: var(--_soft); font-weight: 600; }
.message {
  display: -webkit-box;
  overflow: hidden;
  color: var(--_soft);
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 3;
  white-space: pre-line;
}
@media (pointer: coarse) {
  .icon-button, .text-button { min-inline-size: 2.75rem; min-block-size: 2.75rem; }
}
@media (forced-colors: active) {
  .icon-button:hover, .text-button:hover { outline: 1px solid; }
  .text-button[aria-disabled="true"] { color: GrayText; }
}
`

/** @type {CSSStyleSheet | undefined} */
let parts

/** What every shadow root adopts first. */
export function theme() {
  parts ??= sheet(PARTS)
  return parts
}

export { COLOURS, SURFACE }

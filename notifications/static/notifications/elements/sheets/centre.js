// @ts-check
/** The bell and the centre that it opens. */

import { ITEMS } from "./items.js"
import { COLOURS, SURFACE, sheet } from "./theme.js"

// As large as the server-rendered link it takes the place of, so nothing moves.
const BELL = `
:host {
  position: relative;
  display: inline-grid;
  place-items: center;
  min-inline-size: 2.75rem;
  min-block-size: 2.75rem;
}
:host([hidden]) { display: none; }
.bell {
  ${COLOURS}
  position: relative;
  display: inline-grid;
  place-items: center;
  min-inline-size: 2.75rem;
  min-block-size: 2.75rem;
  padding: 0;
  border-radius: 50%;
  font-size: 1rem;
}
.bell .icon { inline-size: 1.5rem; block-size: 1.5rem; stroke-width: 1.8; }
.bell:hover, .bell[aria-expanded="true"] { background: color-mix(in srgb, currentcolor 12%, transparent); }
.bell:focus-visible { outline-color: currentcolor; outline-offset: -2px; }
.badge {
  position: absolute;
  inset-block-start: 0.1rem;
  inset-inline-start: 50%;
  min-inline-size: 1.25rem;
  padding-inline: 0.3rem;
  border-radius: 1rem;
  background: var(--_accent);
  color: var(--_on-accent);
  font: 600 0.75rem / 1.25rem system-ui, sans-serif;
  letter-spacing: normal;
  text-align: center;
}
@media (forced-colors: active) {
  .badge { border: 1px solid; }
}
`

// On a telephone it fills the screen, and what is fresh lies within the thumb's reach, where no tab is.
const PANEL = `
notification-centre {
  --_width: min(var(--notifications-width, 27rem), 100vw - 1rem);
  --_beside: clamp(0.5rem, var(--_edge, 0.5rem), 100vw - var(--_width) - 0.5rem);
  ${SURFACE}
  position: fixed;
  inset: auto;
  flex-direction: column;
  inline-size: var(--_width);
  max-block-size: min(var(--notifications-height, 38rem), var(--_room, 100dvh) - 0.5rem);
  margin: 0;
  padding: 0;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  box-shadow: var(--_shadow);
  overflow: clip;
}
notification-centre:popover-open { display: flex; }
notification-centre[data-beside="left"] { left: var(--_beside); }
notification-centre[data-beside="right"] { right: var(--_beside); }
notification-centre[data-side="below"] { top: var(--_from); }
notification-centre[data-side="above"] { bottom: var(--_from); }
.header {
  display: flex;
  align-items: center;
  gap: 0.25rem;
  padding-block-start: 0.6rem;
  padding-inline: 1.1rem 0.6rem;
}
.read-all > .icon { display: none; }
.title { flex: 1; font-size: 1.2em; font-weight: 650; }
.tabs { display: flex; gap: 0.25rem; padding-inline: 0.6rem; border-block-end: 1px solid var(--_line); }
.tab {
  position: relative;
  min-block-size: 2.5rem;
  padding-inline: 0.6rem;
  color: var(--_soft);
  font-weight: 500;
}
.tab:hover { color: var(--_ink); }
.tab[aria-selected="true"] { color: var(--_link); font-weight: 600; }
.tab[aria-selected="true"]::after {
  content: "";
  position: absolute;
  inset: auto 0.6rem -1px;
  border-block-end: 3px solid currentcolor;
  border-radius: 3px 3px 0 0;
}
.number {
  display: inline-block;
  min-inline-size: 1.5em;
  padding-inline: 0.4em;
  border-radius: 1em;
  background: color-mix(in srgb, currentcolor 14%, transparent);
  font-size: 0.85em;
  font-weight: 600;
  text-align: center;
}
.tab:focus-visible { outline-offset: -3px; border-radius: 0.5rem; }
.state {
  display: flex;
  gap: 0.5em;
  padding: 0.5em 1.1rem;
  border-block-end: 1px solid var(--_line);
  background: var(--_hover);
  color: var(--_soft);
  font-size: 0.9em;
}
.panel {
  position: relative;
  flex: 1;
  min-block-size: 9rem;
  overflow: hidden auto;
  overscroll-behavior: contain;
  scrollbar-width: thin;
}
.panel:focus-visible { outline-offset: -2px; }
.edge { position: relative; z-index: 2; }
.fresh {
  position: absolute;
  inset-block-start: -0.95rem;
  inset-inline-end: 1rem;
  min-block-size: 1.8rem;
  padding: 0 0.9em;
  border-radius: 2rem;
  background: var(--_link);
  color: var(--_on-link);
  font-size: 0.875em;
  font-weight: 600;
  box-shadow: 0 1px 6px rgb(0 0 0 / 25%);
}
.blank {
  display: grid;
  justify-items: center;
  align-content: center;
  gap: 0.75rem;
  min-block-size: 14rem;
  padding: 1.5rem;
  color: var(--_soft);
  text-align: center;
}
.blank > .icon { inline-size: 3rem; block-size: 3rem; stroke-width: 1.1; opacity: 0.75; }
.blank[data-kind="loading"] { justify-items: stretch; gap: 0; padding: 0; }
.more { display: block; min-block-size: 2.75rem; margin: 0.25rem auto 0.5rem; }
.footer {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 0.25rem;
  padding: 0.35rem 0.6rem 0.35rem 0.5rem;
  padding-inline: 0.5rem 0.6rem;
  border-block-start: 1px solid var(--_line);
}
.footer .text-button { display: inline-flex; align-items: center; }
.skeleton { display: grid; gap: 0.6rem; padding: 1rem 1.1rem 1rem 2.1rem; }
.skeleton + .skeleton { border-block-start: 1px solid var(--_line); }
.bar { block-size: 0.8em; border-radius: 1em; background: var(--_line); }
.bar:first-child { inline-size: 62%; }
.bar:last-child { inline-size: 26%; }
@media (width < 30rem) {
  notification-centre {
    inset: 0 !important;
    inline-size: 100%;
    block-size: 100%;
    max-inline-size: none;
    max-block-size: none;
    border: 0;
    border-radius: 0;
    padding-block: env(safe-area-inset-top) env(safe-area-inset-bottom);
  }
  .edge { position: static; }
  .fresh { inset: auto 0 4.25rem; inline-size: fit-content; min-block-size: 2.75rem; margin-inline: auto; }
  .read-all { display: grid; place-items: center; }
  .read-all > .icon { display: block; inline-size: 1.5em; block-size: 1.5em; }
  .read-all > span { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  notification-centre { transition: opacity 0.14s, translate 0.14s; }
  @starting-style {
    notification-centre:popover-open { opacity: 0; translate: 0 -0.4rem; }
  }
  .bar { animation: wait 1.4s ease-in-out infinite alternate; }
  @keyframes wait { to { opacity: 0.45; } }
}
@media (forced-colors: active) {
  .bar { border: 1px solid; }
  .fresh { border: 1px solid; }
}
`

/** @type {CSSStyleSheet | undefined} */
let made

/** For the bell's shadow root, which holds the centre, too. */
export function centreSheet() {
  made ??= sheet(BELL + PANEL + ITEMS)
  return made
}

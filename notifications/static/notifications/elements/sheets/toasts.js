// @ts-check
/** What pops up. */

import { SURFACE, sheet } from "./theme.js"

const CSS = `
:host {
  ${SURFACE}
  position: fixed;
  inset: auto;
  inset-block-end: var(--notifications-toasts-block-end, max(1rem, env(safe-area-inset-bottom)));
  inset-inline-end: var(--notifications-toasts-inline-end, 1rem);
  flex-direction: column-reverse;
  gap: 0.6rem;
  inline-size: min(var(--notifications-toasts-width, 23rem), 100vw - 2rem);
  max-block-size: calc(100dvh - 2rem);
  margin: 0;
  padding: 0;
  border: 0;
  background: none;
  overflow: visible;
}
:host(:popover-open) { display: flex; }
.list { display: contents; }
.toast {
  position: relative;
  display: grid;
  grid-template-columns: auto 1fr auto;
  gap: 0 0.75rem;
  padding: 0.75rem;
  padding-inline-end: 0.5rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_surface);
  box-shadow: var(--_shadow);
}
.toast[data-priority="critical"] { border-color: var(--_danger); }
.mark {
  display: grid;
  place-items: center;
  inline-size: 2.25rem;
  block-size: 2.25rem;
  border-radius: 50%;
  background: color-mix(in srgb, currentcolor 13%, transparent);
  color: var(--_link);
}
[data-priority="high"] > .mark { color: var(--_warm); }
[data-priority="critical"] > .mark { color: var(--_danger); }
.body { align-self: center; min-inline-size: 0; }
.subject { font-weight: 650; }
.subject[href]:hover { text-decoration: underline; }
.subject[href]::after { content: ""; position: absolute; inset: 0; border-radius: inherit; }
.subject:focus-visible { outline: none; }
.subject:focus-visible::after { outline: 2px solid var(--_link); outline-offset: 2px; border-radius: var(--_radius); }
.message { -webkit-line-clamp: 2; font-size: 0.95em; }
.priority { font-size: 0.875em; }
.icon-button { position: relative; z-index: 1; align-self: start; }
.more {
  align-self: center;
  padding: 0.4em 1.1em;
  border: 1px solid var(--_line);
  border-radius: 2rem;
  background: var(--_surface);
  color: var(--_link);
  font-size: 0.9em;
  font-weight: 600;
  text-decoration: none;
  box-shadow: 0 2px 8px rgb(0 0 0 / 20%);
}
.more:hover { background: var(--_tint); }
@media (width < 30rem) {
  .toast { gap: 0 0.5rem; padding: 0.6rem 0.25rem 0.6rem 0.6rem; padding-inline: 0.6rem 0.25rem; }
  .mark { inline-size: 1.75rem; block-size: 1.75rem; }
  .message { -webkit-line-clamp: 1; }
}
@media (prefers-reduced-motion: no-preference) {
  .toast { transition: opacity 0.2s, translate 0.2s ease-out; }
  @starting-style {
    .toast { opacity: 0; translate: 0 0.75rem; }
  }
}
`

/** @type {CSSStyleSheet | undefined} */
let made

export function toastsSheet() {
  made ??= sheet(CSS)
  return made
}

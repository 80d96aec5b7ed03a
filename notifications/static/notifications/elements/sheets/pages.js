// @ts-check
/** What scripts add to the history and the preferences page; the rest of these pages is in `notifications.css`. */

import { SURFACE, sheet } from "./theme.js"

// What is fresh lies on the edge of the list, which it does not move.
const CSS = `
:where(.notifications-fresh, .notifications-ghost, .notifications-keys) { ${SURFACE} }
.notifications-edge { position: sticky; z-index: 1; inset-block-start: 6rem; block-size: 0; text-align: center; }
.notifications-fresh {
  min-block-size: 2.25rem;
  padding: 0.25em 1.25em;
  border: 1px solid transparent;
  border-radius: 2rem;
  translate: 0 -88%;
  background: var(--_link);
  color: var(--_on-link);
  font-weight: 600;
  text-align: center;
  box-shadow: 0 1px 6px rgb(0 0 0 / 25%);
  cursor: pointer;
}
.notifications-fresh[hidden] { display: none; }
.notifications-ghost {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 1rem;
  padding: 0.5rem 1rem;
  border-block-start: 1px solid var(--_line);
  background: var(--_hover);
  color: var(--_soft);
}
:is(.notifications-ghost, .notifications-keys) button {
  min-block-size: 2.25rem;
  padding-inline: 0.9rem;
  border: 1px solid currentcolor;
  border-radius: 0.5rem;
  background: none;
  color: var(--_link);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
.notifications-field[inert] { opacity: 0.5; }
.notifications-item:focus-visible { outline: 2px solid var(--notifications-link, currentcolor); outline-offset: 2px; }
.notifications-keys {
  inline-size: min(26rem, 100vw - 2rem);
  padding: 1.25rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  box-shadow: var(--_shadow);
}
.notifications-keys::backdrop { background: rgb(0 0 0 / 45%); }
.notifications-keys h2 { margin: 0 0 0.75rem; font-size: 1.2em; }
.notifications-keys dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.6rem 1rem; margin: 0 0 1.25rem; }
.notifications-keys dd { margin: 0; }
.notifications-keys kbd {
  display: inline-block;
  min-inline-size: 1.8em;
  padding: 0.1em 0.5em;
  border: 1px solid var(--_line);
  border-block-end-width: 2px;
  border-radius: 0.35rem;
  background: var(--_hover);
  font: inherit;
  text-align: center;
}
`

/** @type {CSSStyleSheet | undefined} */
let made

/** Adopted by the document itself, once. */
export function adoptPagesSheet() {
  if (made) return
  made = sheet(CSS)
  document.adoptedStyleSheets.push(made)
}

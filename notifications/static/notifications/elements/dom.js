// @ts-check
/** What the elements are made with. Text goes in as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg"

/** Strokes on a grid of 24 × 24. */
const ICONS = {
  bell: "M6 9a6 6 0 0 1 12 0c0 6 2 7 2 8H4c0-1 2-2 2-8M10 20a2.2 2.2 0 0 0 4 0",
  close: "M6 6l12 12M18 6L6 18",
  mark_read: "M3.5 10.5L12 4.5l8.5 6v9h-17zM3.5 10.5l8.5 5 8.5-5",
  mark_unread: "M3.5 6h17v12.5h-17zM3.5 7l8.5 6 8.5-6",
  mark_all_read: "M2 12.5l4.5 4.5L16 7.5M12 16l1 1 9-9.5",
  archive: "M3.5 5h17v4h-17zM5 9v10h14V9M10 13h4",
  delete: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.3 11v5M13.7 11v5",
  preferences: "M4 8h9M19 8h1M4 16h1M11 16h9M13 8a3 3 0 1 0 6 0a3 3 0 1 0-6 0M5 16a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
  high: "M12 20V5M5.5 11L12 4.5l6.5 6.5",
  critical: "M8.3 3.5h7.4l4.8 4.8v7.4l-4.8 4.8H8.3l-4.8-4.8V8.3zM12 8v5M12 16.3v.2",
}

/** @typedef {keyof typeof ICONS} IconName */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [name] its class, and the `part` by which a site's own CSS reaches it
 * @param {Record<string, string | boolean>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, name = "", attributes = {}, ...children) {
  const element = document.createElement(tag)
  if (name) put(element, { class: name, part: name })
  put(element, attributes)
  element.append(...children)
  return element
}

/**
 * Writes only what differs: an attribute that is set again would be announced again.
 *
 * @param {Element} element
 * @param {Record<string, string | boolean>} attributes false takes one away
 */
export function put(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "boolean") element.toggleAttribute(name, value)
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
  }
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** @param {IconName} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg")
  const path = document.createElementNS(SVG, "path")
  put(path, { d: ICONS[name] })
  put(svg, { viewBox: "0 0 24 24", class: "icon", part: "icon", "aria-hidden": "true" })
  svg.append(path)
  return svg
}

/**
 * A button that shows a drawing. Its text is its name, and shown on hovering.
 *
 * @param {IconName} name
 * @param {string} label
 * @param {string} action what a click does, for whoever listens further up
 */
export function iconButton(name, label, action = name) {
  const names = { "aria-label": label, title: label }
  return make("button", "icon-button", { type: "button", "data-do": action, ...names }, icon(name))
}

/**
 * @param {Event} event
 * @returns {?HTMLElement} what was clicked of the things that do something
 */
export function clicked(event) {
  const target = event.target instanceof Element ? event.target.closest("[data-do]") : null
  return target instanceof HTMLElement ? target : null
}

/** Whether a click opens the link here and now, not in another tab. @param {MouseEvent} event */
export function opensHere(event) {
  return event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
}

/**
 * The server accepts no others; this is the second lock. Browsers skip tabs and line breaks inside an address, so
 * `/<tab>/elsewhere` would lead elsewhere.
 *
 * @param {unknown} url
 * @returns {url is string}
 */
export function isSafe(url) {
  return typeof url === "string" && /^(https:\/\/|\/(?![/\\]))[^\s\\\u0000-\u001f]*$/.test(url)
}

/** @param {HTMLElement} element @returns {?Element} what has the focus in the same tree */
export function focused(element) {
  const root = element.getRootNode()
  return root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null
}

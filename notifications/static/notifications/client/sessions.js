// @ts-check
/**
 * One session per document and user, whatever bells come and go.
 *
 * @typedef {object} Rendered what the server wrote into the page
 * @property {string} user
 * @property {string} epoch
 * @property {number} rev
 * @property {number} seenSeq
 * @property {number} count
 * @property {string} wsUrl
 * @property {string} apiUrl
 * @property {string} historyUrl
 * @property {string} preferencesUrl
 * @property {string} csrf
 * @property {Record<string, any>} options
 * @property {number} at when it did, in milliseconds by its own clock
 * @property {Record<string, import("./texts.js").Text>} strings
 */

import { Session } from "./session.js"

/** @type {?Session} */
let current = null

/**
 * @param {HTMLElement} bell with the server's `data-` attributes
 * @returns {Session}
 */
export function sessionOf(bell) {
  const rendered = read(bell.dataset)
  if (current?.user === rendered.user) {
    current.join(rendered)
    return current
  }
  // Somebody else logged in, and the page was swapped and not loaded.
  current?.disconnect()
  current = new Session(rendered)
  return current
}

/** @returns {?Session} null before there is a bell */
export const currentSession = () => current

/** @param {DOMStringMap} data @returns {Rendered} */
function read(data) {
  const text = /** @param {string} name */ name => data[name] ?? ""
  const number = /** @param {string} name */ name => Number(data[name]) || 0
  return {
    user: text("user"),
    epoch: text("epoch"),
    rev: number("rev"),
    seenSeq: number("seenSeq"),
    count: number("count"),
    wsUrl: text("wsUrl"),
    apiUrl: text("apiUrl"),
    historyUrl: text("historyUrl"),
    preferencesUrl: text("preferencesUrl"),
    csrf: text("csrf"),
    options: JSON.parse(data.options || "{}"),
    at: number("at"),
    strings: JSON.parse(data.strings || "{}"),
  }
}

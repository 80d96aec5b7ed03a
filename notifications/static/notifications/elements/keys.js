// @ts-check
/** The history page by single keys, for who has not switched them off. */

import { make } from "./dom.js"

/**
 * @typedef {import("../client/session.js").Session} Session
 * @typedef {import("./history-rows.js").HistoryRows} HistoryRows
 */

/** What each key does, and the text that explains it. */
const KEYS = /** @type {const} */ ([
  ["J", "key_next"],
  ["K", "key_previous"],
  ["Enter", "key_open"],
  ["E", "key_archive"],
  ["Shift+I", "key_read"],
  ["Shift+U", "key_unread"],
  ["?", "key_help"],
])

/** @param {Element} form @param {HistoryRows} rows @param {Session} session @param {AbortController} ending */
export function listenForKeys(form, rows, session, ending) {
  const help = makeHelp(session)
  const { signal } = ending
  signal.addEventListener("abort", () => help.remove())
  document.addEventListener("keydown", event => {
    // The page was swapped: the keys are the next one's.
    if (!form.isConnected) return ending.abort()
    const action = isForUs(event) && actionOf(event)
    if (!action) return
    const row = rows.all().find(each => each.contains(document.activeElement))
    if (action === "key_help") show(help)
    else if (action === "key_next" || action === "key_previous") move(rows, row, action === "key_next" ? 1 : -1)
    else if (!row || !carryOut(row, action)) return
    event.preventDefault()
  }, { signal })
}

/** @param {KeyboardEvent} event */
function isForUs(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return false
  if (document.querySelector("dialog:modal")) return false
  const [target] = event.composedPath()
  // The bell's centre has keys of its own; in a field, a letter is a letter.
  if (!(target instanceof HTMLElement) || target.getRootNode() !== document) return false
  if (target instanceof HTMLInputElement) return target.type === "checkbox"
  return !target.isContentEditable && !target.matches("textarea, select, [role=textbox]")
}

/** @param {KeyboardEvent} event */
function actionOf({ key, shiftKey }) {
  const name = key.length > 1 || key === "?" ? key : (shiftKey ? "Shift+" : "") + key.toUpperCase()
  return KEYS.find(([keys]) => keys === name)?.[1]
}

/** @param {HTMLElement} row @param {string} action @returns {boolean} whether there was something to do */
function carryOut(row, action) {
  if (action === "key_open") {
    // On a link or a button in the row, Enter is theirs.
    if (row !== document.activeElement) return false
    return press(row.querySelector("a[href][data-field=subject]"))
  }
  const name = { key_archive: "archive", key_read: "mark_read", key_unread: "mark_unread" }[action]
  return press(row.querySelector(`button[value^="${name}:"]`))
}

/** @param {?Element} element */
function press(element) {
  if (!(element instanceof HTMLElement)) return false
  element.click()
  return true
}

/** @param {HistoryRows} rows @param {HTMLElement | undefined} row @param {number} step */
function move(rows, row, step) {
  const all = rows.all()
  const at = row ? all.indexOf(row) + step : 0
  const next = all[Math.max(0, Math.min(at, all.length - 1))]
  next?.focus({ preventScroll: true })
  next?.scrollIntoView({ block: "nearest" })
}

/** @param {HTMLDialogElement} help */
function show(help) {
  if (!help.isConnected) document.body.append(help)
  help.showModal()
}

/** @param {Session} session */
function makeHelp(session) {
  const list = make("dl")
  for (const [keys, text] of KEYS) {
    const names = keys.split("+").flatMap((key, at) => [at ? " + " : "", make("kbd", "", {}, key)])
    list.append(make("dt", "", {}, ...names), make("dd", "", {}, session.t(text)))
  }
  const title = make("h2", "", { id: "notifications-keys-title" }, session.t("keys_title"))
  const close = make("button", "", { autofocus: true }, session.t("close"))
  const form = make("form", "", { method: "dialog" }, title, list, close)
  return make("dialog", "", { class: "notifications-keys", "aria-labelledby": title.id }, form)
}

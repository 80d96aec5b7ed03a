// @ts-check
/** The preferences page, with what only a browser knows: its time zone, its sound, its permission. */

import { make } from "./dom.js"
import { playSound } from "./extras.js"
import { adoptPagesSheet } from "./sheets/pages.js"

/** @typedef {import("../client/session.js").Session} Session */

/** @type {WeakSet<Element>} */
const enhanced = new WeakSet()

/** Where there is such a page, and once. @param {Session} session */
export function enhance(session) {
  const form = document.querySelector("form[data-notifications-preferences]")
  if (!(form instanceof HTMLFormElement) || enhanced.has(form)) return
  enhanced.add(form)
  adoptPagesSheet()
  dimQuietHours(form)
  offerTimeZone(form, session)
  const [sound, desktop] = [box(form, "sound"), box(form, "desktop")]
  sound?.addEventListener("change", () => sound.checked && playSound())
  desktop?.addEventListener("change", () => desktop.checked && askForDesktop(desktop))
}

/** @param {HTMLFormElement} form @param {string} name */
function box(form, name) {
  const field = form.elements.namedItem(name)
  return field instanceof HTMLInputElement ? field : null
}

/**
 * Out of reach while they mean nothing. Not disabled: what is disabled is not sent, and would be lost.
 *
 * @param {HTMLFormElement} form
 */
function dimQuietHours(form) {
  const enabled = box(form, "quiet_hours_enabled")
  const fields = ["quiet_hours_start", "quiet_hours_end"].map(name => box(form, name)?.closest(".notifications-field"))
  const show = () => {
    for (const field of fields) if (field instanceof HTMLElement) field.inert = !enabled?.checked
  }
  enabled?.addEventListener("change", show)
  show()
}

/**
 * One click where the zone chosen is another than the browser's.
 *
 * @param {HTMLFormElement} form
 * @param {Session} session
 */
function offerTimeZone(form, session) {
  const select = form.elements.namedItem("time_zone")
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (!(select instanceof HTMLSelectElement) || !zone || select.value === zone) return
  if (![...select.options].some(option => option.value === zone)) return
  const text = session.t("use_time_zone", { zone: zone.replaceAll("_", " ") })
  const button = make("button", "", { type: "button", class: "notifications-button" }, text)
  button.addEventListener("click", () => {
    select.value = zone
    select.dispatchEvent(new Event("change", { bubbles: true }))
    select.focus()
    button.hidden = true
  })
  select.addEventListener("change", () => (button.hidden = select.value === zone))
  select.after(button)
}

/** Asked only at the click. Without the permission the box would promise too much. @param {HTMLInputElement} desktop */
async function askForDesktop(desktop) {
  const permission = await globalThis.Notification?.requestPermission()
  if (permission !== "granted") desktop.checked = false
}

// @ts-check
/** Draws one notification. */

import { icon, iconButton, isSafe, make, put, setText } from "./dom.js"
import { showTime } from "./times.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 */

/** The drawing and the text say it; the colour only adds to them. @param {string} priority @param {Session} session */
export function priorityMark(priority, session) {
  if (priority !== "high" && priority !== "critical") return null
  return make("span", "priority", {}, icon(priority), session.t(`priority_${priority}`))
}

/**
 * Its subject, which leads where the notification leads. An `a` without an address is plain text.
 *
 * @param {HTMLAnchorElement} link
 * @param {Notification} notification
 */
export function pointLink(link, { url }) {
  if (isSafe(url)) put(link, { href: url, "data-do": "follow" })
  else put(link, { href: false, "data-do": false })
}

/** A row of the centre. Its parts stay the same elements, so focus and pointer stay where they are. */
export class Item {
  /** @type {?Notification} */
  notification = null
  #session
  #unread
  #subject = make("bdi")
  #link
  #message = make("bdi")
  #text
  #facts = make("span", "facts")
  #actor = make("span", "actor")
  #time = make("time", "time")
  #read
  #actions

  /** @param {Session} session */
  constructor(session) {
    this.#session = session
    this.#unread = make("span", "hidden", {}, `${session.t("unread")}: `)
    this.#link = make("a", "subject", {}, this.#unread, this.#subject)
    this.#read = iconButton("mark_read", session.t("mark_read"))
    const [archive, remove] = [iconButton("archive", session.t("archive")), iconButton("delete", session.t("delete"))]
    this.#actions = make("span", "actions", { role: "group" }, this.#read, archive, remove)
    const meta = make("div", "meta", {}, this.#facts, this.#actions)
    this.#text = make("p", "message", {}, this.#message)
    this.element = make("li", "item", {}, make("p", "heading", {}, this.#link), this.#text, meta)
  }

  /** @param {Notification} notification @param {boolean} isNew whether it came after the person last looked */
  update(notification, isNew) {
    put(this.element, { "data-new": isNew })
    if (notification === this.notification) return
    const { id, subject, message, priority, created_at, actor, read_at } = notification
    put(this.element, { "data-id": String(id), "data-priority": priority, "data-unread": !read_at })
    pointLink(this.#link, notification)
    setText(this.#subject, subject)
    setText(this.#message, message)
    this.#text.hidden = !message
    this.#unread.hidden = !!read_at
    put(this.#actions, { "aria-label": this.#session.t("actions", { subject }) })
    if (priority !== this.notification?.priority) {
      const facts = [priorityMark(priority, this.#session), this.#actor, this.#time]
      this.#facts.replaceChildren(...facts.filter(part => part !== null))
    }
    setText(this.#actor, actor?.text ? this.#session.t("from", { actor: actor.text }) : "")
    this.#actor.hidden = !actor?.text
    showTime(this.#time, created_at)
    this.#offer(read_at ? "mark_unread" : "mark_read")
    this.notification = notification
  }

  /** One button for both: one that vanished would take the focus along. @param {"mark_read" | "mark_unread"} action */
  #offer(action) {
    if (this.#read.dataset.do === action && this.notification) return
    const label = this.#session.t(action)
    put(this.#read, { "data-do": action, "aria-label": label, title: label })
    this.#read.replaceChildren(icon(action))
  }
}

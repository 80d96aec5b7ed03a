// @ts-check
/** Draws one notification. */

import { icon, iconButton, isSafe, make, put, setText } from "./dom.js"
import { showTime } from "./times.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 */

/** The drawing and the text say it; the colour only adds to them. @param {string} priority @param {Session} session */
function priorityMark(priority, session) {
  if (priority !== "high" && priority !== "critical") return null
  return make("span", "priority", {}, icon(priority), session.t(`priority_${priority}`))
}

/** How many sends it stands for: "×3", and words for who hears it. @param {Element} mark @param {Session} session */
export function showCount(mark, session, count = 1) {
  put(mark, { hidden: count < 2, role: "img", "aria-label": session.t("count", {}, count) })
  setText(mark, count < 2 ? "" : `×${count}`)
}

/**
 * What a notification says, and goes on to say when it is sent again. Its subject leads where it leads; an `a` without
 * an address is plain text.
 *
 * @param {Session} session
 * @param {...Node} before what stands before the subject, in the link
 */
export function makeWords(session, ...before) {
  const [subject, message, mark] = [make("bdi"), make("bdi"), make("span", "count")]
  const link = make("a", "subject", {}, ...before, subject)
  const text = make("p", "message", {}, message)
  /** @param {Notification} said */
  const say = said => {
    const safe = isSafe(said.url)
    put(link, { href: safe && said.url, "data-do": safe && "follow" })
    setText(subject, said.subject)
    setText(message, said.message)
    text.hidden = !said.message
    showCount(mark, session, said.count)
  }
  return { parts: [make("p", "heading", {}, link, mark), text], say }
}

/** A row of the centre. Its parts stay the same elements, so focus and pointer stay where they are. */
export class Item {
  /** @type {?Notification} */
  notification = null
  #session
  #unread
  #words
  #facts = make("span", "facts")
  #actor = make("span", "actor")
  #time = make("time", "time")
  #read
  #actions

  /** @param {Session} session */
  constructor(session) {
    this.#session = session
    this.#unread = make("span", "hidden", {}, `${session.t("unread")}: `)
    this.#words = makeWords(session, this.#unread)
    this.#read = iconButton("mark_read", session.t("mark_read"))
    const [archive, remove] = [iconButton("archive", session.t("archive")), iconButton("delete", session.t("delete"))]
    this.#actions = make("span", "actions", { role: "group" }, this.#read, archive, remove)
    const meta = make("div", "meta", {}, this.#facts, this.#actions)
    this.element = make("li", "item", {}, ...this.#words.parts, meta)
  }

  /** @param {Notification} notification @param {boolean} isNew whether it came after the person last looked */
  update(notification, isNew) {
    put(this.element, { "data-new": isNew })
    if (notification === this.notification) return
    const { id, subject, priority, created_at, actor, read_at } = notification
    put(this.element, { "data-id": String(id), "data-priority": priority, "data-unread": !read_at })
    this.#words.say(notification)
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

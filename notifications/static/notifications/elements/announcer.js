// @ts-check
/**
 * What a screen reader says, apart from what is shown: a badge or a list that speaks at every change would talk
 * over the person's work.
 */

import { make } from "./dom.js"
import { sheet } from "./sheets/theme.js"

/**
 * @typedef {import("../client/protocol.js").Notification} Notification
 * @typedef {import("../client/session.js").Session} Session
 */

const PAUSE_MS = 2_000

class Announcer {
  #host = make("div", "", { "data-notifications-announcer": "" })
  #polite = make("p", "", { role: "status" })
  #assertive = make("p", "", { role: "alert" })
  /** @type {Map<HTMLElement, string>} what waits to be said, and where */
  #texts = new Map()
  /** @type {Notification[]} */
  #news = []
  /** @type {?Session} */
  #session = null
  #quietUntil = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer

  constructor() {
    const root = this.#host.attachShadow({ mode: "open" })
    root.adoptedStyleSheets = [HIDDEN]
    root.append(this.#polite, this.#assertive)
  }

  /** A live region must be there before its text is. A page swap may have taken it along. */
  attach() {
    if (!this.#host.isConnected) document.body.append(this.#host)
  }

  /** @param {string} text */
  say(text) {
    this.#texts.set(this.#polite, text)
    this.#soon()
  }

  /** @param {Session} session @param {Notification[]} news */
  hear(session, news) {
    this.#session = session
    this.#news.push(...news)
    this.#soon()
  }

  #soon() {
    this.attach()
    this.#timer ??= setTimeout(() => this.#speak(), Math.max(100, this.#quietUntil - Date.now()))
  }

  #speak() {
    this.#timer = undefined
    this.#quietUntil = Date.now() + PAUSE_MS
    const urgent = this.#news.filter(each => each.priority === "critical")
    const others = this.#news.filter(each => each.priority !== "critical")
    this.#news = []
    if (urgent.length > 0) this.#texts.set(this.#assertive, this.#sentence(urgent))
    if (others.length > 0) this.#texts.set(this.#polite, this.#sentence(others))
    // A new node each time: the same words again are said again.
    for (const [region, text] of this.#texts) region.replaceChildren(make("span", "", {}, text))
    this.#texts.clear()
  }

  /** @param {Notification[]} news */
  #sentence(news) {
    const many = news.length > 1
    return this.#session?.t(many ? "announce_many" : "announce", { subject: news[0].subject }, news.length) ?? ""
  }
}

const HIDDEN = sheet(`
p {
  position: fixed;
  inline-size: 1px;
  block-size: 1px;
  margin: 0;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
`)

/** @type {Announcer | undefined} */
let announcer

/** The page's one. */
export function announcing() {
  announcer ??= new Announcer()
  return announcer
}

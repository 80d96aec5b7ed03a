// @ts-check
/** `<notification-target>`, of `{% mark_target_read object %}`: who sees the page has read what is about its object. */

import { currentSession } from "../client/session.js"

export class NotificationTarget extends HTMLElement {
  static define(name = "notification-target", registry = customElements) {
    if (!registry.get(name)) registry.define(name, this)
  }

  #abort = new AbortController()

  connectedCallback() {
    this.#abort = new AbortController()
    const { signal } = this.#abort
    // A page that was fetched ahead, or opened in a tab behind this one, has not been seen.
    document.addEventListener("visibilitychange", () => this.mark(), { signal })
    document.addEventListener("notifications:connected", () => this.mark(), { signal })
    this.mark()
  }

  disconnectedCallback() {
    this.#abort.abort()
  }

  mark() {
    const session = currentSession()
    const ids = (this.dataset.ids ?? "").split(",").map(Number).filter(Number.isSafeInteger)
    if (document.visibilityState !== "visible" || !session || ids.length === 0) return
    this.#abort.abort()
    session.markRead(ids)
  }
}

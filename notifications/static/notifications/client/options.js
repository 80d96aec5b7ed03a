// @ts-check
/**
 * What the newest page of this person in this browser was rendered with. Pages that have been open for longer, and those
 * that come back from the page cache, go by it, too.
 *
 * @typedef {{at: number, options: Record<string, any>}} Rendered `at`: when, by the server's clock
 */

export class Options {
  /** @type {Rendered} */
  #newest = { at: -1, options: {} }

  /** @param {{name: string, storage: ?Pick<Storage, "getItem" | "setItem">}} place `name` names the user, too */
  constructor({ name, storage }) {
    this.name = name
    this.storage = storage
  }

  get current() {
    try {
      const stored = JSON.parse(this.storage?.getItem(this.name) ?? "null")
      if (stored?.at > this.#newest.at) this.#newest = stored
    } catch {
      // Forbidden: then it goes by its own.
    }
    return this.#newest.options
  }

  /** @param {Rendered} rendered which may be an old page's, from the browser's cache */
  offer({ at, options }) {
    if (this.current && at < this.#newest.at) return
    this.#newest = { at, options }
    try {
      this.storage?.setItem(this.name, JSON.stringify(this.#newest))
    } catch {
      // Full, or forbidden.
    }
  }
}

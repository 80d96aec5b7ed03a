// @ts-check
/**
 * Which notifications have popped up in this browser, so that each does so in one tab. Kept in `localStorage`, changed
 * under a Web Lock. Whoever claims saves first and shows then: a browser that dies in between shows it in no toast.
 *
 * @typedef {import("./protocol.js").Notification & {key?: string}} Notification
 * @typedef {{epoch: string, upTo: number, claimed: (number | string)[]}} Claims `upTo`: and all before
 */

/** A tab that was frozen in the moment of its grant must not keep the others from showing anything. */
const PATIENCE_MS = 2_000
const MOST_CLAIMS = 300
const DROPPED_AT_ONCE = 100

export class Announced {
  /** @type {?Claims} for as long as nothing can be stored */
  #own = null

  /**
   * @param {object} options
   * @param {string} options.name names the user, too
   * @param {() => string} options.epoch
   * @param {?Pick<Storage, "getItem" | "setItem">} [options.storage]
   * @param {?Pick<LockManager, "request">} [options.locks]
   */
  constructor({ name, epoch, storage = null, locks = globalThis.navigator?.locks }) {
    this.name = name
    this.epoch = epoch
    this.storage = storage
    this.locks = locks
  }

  /**
   * @param {Notification[]} notifications
   * @returns {Promise<Notification[]>} those that no tab has claimed before; they are this one's now
   */
  async claim(notifications) {
    /** @type {?Notification[]} */
    let claimed = null
    const claim = () => (claimed ??= this.#claim(notifications))
    try {
      await this.locks?.request(this.name, { signal: AbortSignal.timeout(PATIENCE_MS) }, claim)
    } catch {
      // Forbidden here, or in vain.
    }
    return claim()
  }

  /** @param {Notification[]} notifications */
  #claim(notifications) {
    const claims = this.#read()
    const known = new Set(claims.claimed)
    const free = notifications.filter(each => {
      const key = keyOf(each)
      return !known.has(key) && !(typeof key === "number" && key <= claims.upTo)
    })
    claims.claimed.push(...free.map(keyOf))
    if (claims.claimed.length > MOST_CLAIMS) forgetOldest(claims)
    if (free.length > 0) this.#write(claims)
    return free
  }

  /** @returns {Claims} */
  #read() {
    const epoch = this.epoch()
    try {
      const claims = this.#own ?? JSON.parse(this.storage?.getItem(this.name) ?? "null")
      if (claims?.epoch === epoch && Array.isArray(claims.claimed)) return claims
    } catch {
      // Not ours, or forbidden.
    }
    return { epoch, upTo: 0, claimed: [] }
  }

  /** @param {Claims} claims */
  #write(claims) {
    try {
      if (!this.storage) throw new Error("no storage")
      this.storage.setItem(this.name, JSON.stringify(claims))
    } catch {
      this.#own = claims
    }
  }
}

/** @param {Notification} notification */
function keyOf({ seq, key }) {
  return seq ?? key ?? ""
}

/** @param {Claims} claims */
function forgetOldest(claims) {
  const places = claims.claimed.filter(key => typeof key === "number").sort((a, b) => a - b)
  const others = claims.claimed.filter(key => typeof key !== "number")
  claims.upTo = Math.max(claims.upTo, ...places.splice(0, DROPPED_AT_ONCE))
  claims.claimed = [...others.slice(-DROPPED_AT_ONCE), ...places]
}

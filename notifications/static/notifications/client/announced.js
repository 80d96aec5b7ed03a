// @ts-check
/**
 * Which notifications have popped up in this browser, so that each does so in one tab. Whoever claims saves first and
 * shows then: a browser that dies in between shows it in no toast.
 *
 * Each has a Web Lock and a key in `localStorage` of its own. One lock around one list would not do: what a process
 * stores, the others see some time after the lock was granted to them, and write an older list over it.
 *
 * @typedef {import("./protocol.js").Notification & {key?: string}} Notification
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Shelf
 */

/** Until every process must have seen what was stored. */
const HELD_MS = 3_000
const MOST_CLAIMS = 300
const DROPPED_AT_ONCE = 100

export class Announced {
  /** @type {Set<string>} this tab's, for where nothing can be stored */
  #own = new Set()

  /**
   * @param {object} options
   * @param {string} options.name names the user, too
   * @param {() => string} options.epoch
   * @param {?Shelf} [options.storage]
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
    const prefix = `${this.name}:${this.epoch()}:`
    const locked = await Promise.all(notifications.map(each => this.#lock(prefix + keyOf(each))))
    const claimed = notifications.filter((each, index) => locked[index] && this.#take(prefix, each))
    if (claimed.length > 0) this.#forgetOldest(prefix)
    return claimed
  }

  /** @param {string} name @returns {Promise<boolean>} false where another tab has it, just now */
  #lock(name) {
    const { locks } = this
    if (!locks) return Promise.resolve(true)
    return new Promise(resolve => {
      /** @param {?Lock} lock */
      const granted = lock => {
        resolve(lock !== null)
        return lock && new Promise(release => setTimeout(release, HELD_MS))
      }
      // Forbidden here: then each tab is for itself.
      locks.request(name, { ifAvailable: true }, granted).catch(() => resolve(true))
    })
  }

  /** @param {string} prefix @param {Notification} notification */
  #take(prefix, notification) {
    const key = prefix + keyOf(notification)
    if (this.#own.has(key)) return false
    this.#own.add(key)
    try {
      if (this.storage?.getItem(key) || (notification.seq ?? Infinity) <= upTo(this.storage, prefix)) return false
      this.storage?.setItem(key, "1")
    } catch {
      // Full, or forbidden.
    }
    return true
  }

  /** And those of other epochs. @param {string} prefix */
  #forgetOldest(prefix) {
    const { storage } = this
    try {
      const all = Array.from({ length: storage?.length ?? 0 }, (_, index) => storage?.key(index) ?? "")
      const known = all.filter(key => key.startsWith(prefix))
      for (const key of all) if (key.startsWith(`${this.name}:`) && !known.includes(key)) storage?.removeItem(key)
      if (known.length <= MOST_CLAIMS) return
      const places = known.map(key => Number(key.slice(prefix.length))).filter(Number.isInteger).sort((a, b) => a - b)
      const oldest = places.slice(0, DROPPED_AT_ONCE)
      storage?.setItem(`${prefix}upTo`, String(Math.max(upTo(storage, prefix), ...oldest)))
      const byHand = known.filter(key => Number.isNaN(Number(key.slice(prefix.length))) && key !== `${prefix}upTo`)
      for (const key of [...oldest.map(seq => prefix + seq), ...byHand.slice(DROPPED_AT_ONCE)]) storage?.removeItem(key)
    } catch {
      // The next claim tries again.
    }
  }
}

/** That place and all before it count as claimed. @param {?Shelf} storage @param {string} prefix */
function upTo(storage, prefix) {
  return Number(storage?.getItem(`${prefix}upTo`)) || 0
}

/** @param {Notification} notification */
function keyOf({ seq, key }) {
  return `${seq ?? key ?? ""}`
}

// @ts-check
/**
 * Which notifications have popped up in this browser, so that each does so in one tab. Whoever claims saves first and
 * shows then, without a pause: a tab that closes before it has saved leaves it to those that were denied.
 *
 * Each has a Web Lock and a key in `localStorage` of its own. One lock around one list would not do: what a process
 * stores, the others see some time after the lock was granted to them, and write an older list over it.
 *
 * @typedef {import("./protocol.js").Notification & {key?: string}} Notification
 * @typedef {() => void} Release
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Shelf
 */

/** Until every process must have seen what was stored. */
export const HELD_MS = 3_000
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
   * @returns {Promise<{claimed: Notification[], denied: Notification[]}>} `claimed` by no tab before, and this one's
   *   now; `denied`, because another tab is claiming it, and may close before it has
   */
  async claim(notifications) {
    const prefix = `${this.name}:${this.epoch()}:`
    const open = notifications.filter(each => !this.#isClaimed(prefix, each))
    const releases = await Promise.all(open.map(each => this.#lock(prefix + keyOf(each))))
    const claimed = open.filter((each, index) => releases[index] && this.#take(prefix, each))
    setTimeout(() => releases.forEach(release => release?.()), HELD_MS)
    if (claimed.length > 0) this.#forgetOldest(prefix)
    return { claimed, denied: open.filter((_, index) => !releases[index]) }
  }

  /** @param {string} name @returns {Promise<?Release>} null where another tab has it, just now */
  #lock(name) {
    return new Promise(resolve => {
      const unlocked = () => resolve(() => {})
      /** @param {?Lock} lock */
      const granted = lock => (lock ? new Promise(release => resolve(() => release(undefined))) : resolve(null))
      // Where they are missing or forbidden, each tab is for itself.
      if (this.locks) this.locks.request(name, { ifAvailable: true }, granted).catch(unlocked)
      else unlocked()
    })
  }

  /** @param {string} prefix @param {Notification} notification */
  #isClaimed(prefix, notification) {
    const key = prefix + keyOf(notification)
    try {
      const { storage } = this
      return this.#own.has(key) || !!storage?.getItem(key) || (notification.seq ?? Infinity) <= upTo(storage, prefix)
    } catch {
      return false
    }
  }

  /** @param {string} prefix @param {Notification} notification */
  #take(prefix, notification) {
    if (this.#isClaimed(prefix, notification)) return false
    const key = prefix + keyOf(notification)
    this.#own.add(key)
    try {
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

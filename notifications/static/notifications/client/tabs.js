// @ts-check
/** The other tabs of this person in this browser, and whether their leader answers. */

/** A follower that is looked at makes sure that its leader is well: a tab can hang, and still hold the lock. */
const WATCH_MS = 20_000
const ANSWER_MS = 2_000

export class Tabs {
  /** @type {?BroadcastChannel} */
  #channel
  #watch
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unanswered

  /**
   * @param {object} options
   * @param {string} options.name
   * @param {?typeof BroadcastChannel} [options.Channel]
   * @param {{heard: (message: any) => void, unanswered: () => void, watch: () => void}} options.on
   */
  constructor({ name, Channel, on }) {
    this.on = on
    this.#channel = open(name, Channel)
    if (this.#channel) this.#channel.onmessage = event => on.heard(event.data)
    this.#watch = setInterval(on.watch, WATCH_MS)
  }

  get alone() {
    return this.#channel === null
  }

  /** @param {Record<string, any>} message */
  say(message) {
    this.#channel?.postMessage(message)
  }

  /** Ask the leader where it stands. */
  greet() {
    this.say({ kind: "hello" })
    clearTimeout(this.#unanswered)
    this.#unanswered = setTimeout(this.on.unanswered, ANSWER_MS)
  }

  answered() {
    clearTimeout(this.#unanswered)
  }

  close() {
    clearInterval(this.#watch)
    clearTimeout(this.#unanswered)
    this.#channel?.close()
    this.#channel = null
  }
}

/** @param {string} name @param {?typeof BroadcastChannel} [Channel] */
function open(name, Channel) {
  try {
    return Channel ? new Channel(name) : null
  } catch {
    return null // forbidden here
  }
}

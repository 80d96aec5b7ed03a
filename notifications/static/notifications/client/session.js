// @ts-check
/**
 * Everything that a document knows and does about one person's notifications; elements draw it.
 *
 * @typedef {import("./protocol.js").Notification} Notification
 * @typedef {import("./store.js").ViewName} ViewName
 * @typedef {import("./feed.js").State} State
 * @typedef {import("./sessions.js").Rendered} Rendered
 */

import { Announced } from "./announced.js"
import { Api } from "./api.js"
import { Commands } from "./commands.js"
import { Feed } from "./feed.js"
import { News } from "./news.js"
import { Options } from "./options.js"
import { keepPlace, keptPlace, storageOf } from "./places.js"
import { Store } from "./store.js"
import { Stream } from "./stream.js"
import { textOf } from "./texts.js"
import { popsUp } from "./wishes.js"

/**
 * Events, each a `CustomEvent`:
 * - `count`, detail `number`: unread, as the person sees it
 * - `state`, detail {@link State}
 * - `change`, detail {@link import("./stream.js").Change}: for lists that somebody else has drawn
 * - `rows`, no detail: some view has changed, or what is seen; read it from `store`
 * - `news`, detail {@link Notification}`[]`, oldest first: to pop up here, and in no other tab, as the person wishes
 * - `problem`, detail `{code, message}`: a command waits (`offline`) or did not work (`forbidden refused server`)
 */
export class Session extends EventTarget {
  #count
  #connected = false
  #listening = new AbortController()
  #options
  #rowsDue = false

  /** @param {Rendered} rendered @param {Window & typeof globalThis} [env] the browser */
  constructor(rendered, env = globalThis.window) {
    super()
    const { user, epoch, rev, count, seenSeq, csrf, apiUrl, wsUrl, strings } = rendered
    const [locks, storage] = [env.navigator.locks, storageOf(env, "localStorage")]
    this.env = env
    this.user = user
    this.strings = strings
    this.#options = new Options({ name: `notifications:options:${user}`, storage })
    this.#options.offer(rendered)
    this.urls = { history: rendered.historyUrl, preferences: rendered.preferencesUrl }
    this.store = new Store({ count, seenSeq, epoch, rev })
    this.#count = count
    const since = keptPlace(env, user, epoch, rev)
    this.stream = new Stream({ since, epoch, newAfterSeq: since })
    this.api = new Api({ apiUrl, user, csrf, fetch: env.fetch })
    const visible = () => env.document.visibilityState === "visible"
    this.feed = new Feed({
      user,
      wsUrl,
      api: this.api,
      stream: this.stream,
      visible,
      locks: locks ?? null,
      Channel: env.BroadcastChannel ?? null,
      on: { effects: effects => this.#carryOut(effects), state: state => this.#stateIs(state) },
    })
    const name = `notifications:announced:${user}`
    const epochNow = () => this.stream.cursor?.epoch ?? ""
    this.news = new News({
      announced: new Announced({ name, storage, locks: locks ?? null, epoch: epochNow }),
      store: this.store,
      visible,
      hiddenToo: () => this.options.desktop && env.Notification?.permission === "granted",
      show: news => this.#show(news),
    })
    this.commands = new Commands({
      api: this.api,
      store: this.store,
      storage: storageOf(env, "sessionStorage"),
      name: `notifications:commands:${user}`,
      on: { problem: problem => this.#tell("problem", problem), changed: () => this.#changed() },
    })
  }

  get count() {
    return this.store.count
  }

  /** @returns {State} */
  get state() {
    return this.feed.state
  }

  get options() {
    return this.#options.current
  }

  get seenSeq() {
    return this.store.seenSeq
  }

  /**
   * A text in the person's language.
   *
   * @param {string} key
   * @param {Record<string, string | number>} [vars] for `{name}` in it
   * @param {number} [count] chooses between singular and plural, and is `{count}`
   */
  t(key, vars = {}, count) {
    return textOf(this.strings[key] ?? key, vars, count, this.env.document.documentElement.lang)
  }

  // -- lists --

  /** What is loaded is kept current, and not asked for again. @param {ViewName} name */
  async load(name) {
    const { status } = this.store.view(name)
    const isDue = status === "idle" || status === "error" || this.store.stale.includes(name)
    if (isDue) await this.#load(name)
  }

  /** @param {ViewName} name */
  async loadMore(name) {
    const { status, more } = this.store.view(name)
    if (status === "ready" && more) await this.#load(name, true)
  }

  showFresh() {
    this.store.showFresh()
    this.#changed()
  }

  /** While a list is being read, new rows wait instead of moving it. @param {boolean} on */
  hold(on) {
    this.store.hold = on
    this.#changed()
  }

  // -- commands --

  /** @param {number[]} ids */
  markRead(ids) {
    this.commands.run({ action: "mark_read", ids })
  }

  /** @param {number[]} ids */
  markUnread(ids) {
    this.commands.run({ action: "mark_unread", ids })
  }

  /** @param {number[]} ids */
  archive(ids) {
    this.commands.run({ action: "archive", ids })
  }

  /** @param {number[]} ids */
  unarchive(ids) {
    this.commands.run({ action: "unarchive", ids })
  }

  /** @param {number[]} ids @returns {{undo: () => boolean}} possible for 5 s, or until the page is hidden */
  remove(ids) {
    return this.commands.remove(ids)
  }

  /** All that the person can have seen: what arrives meanwhile stays unread. */
  markAllRead(upToSeq = this.store.newest) {
    this.commands.run({ action: "mark_all_read", upToSeq })
  }

  markSeen() {
    const upToSeq = this.store.newest
    if (upToSeq > this.seenSeq) this.commands.run({ action: "mark_seen", upToSeq })
  }

  // -- the page's life --

  connect() {
    if (this.#connected) return
    this.#connected = true
    const { signal } = (this.#listening = new AbortController())
    const { env } = this
    env.addEventListener("pagehide", () => this.#leave(), { signal })
    env.addEventListener("pageshow", event => event.persisted && this.#comeBack(), { signal })
    env.addEventListener("online", () => this.#wake(), { signal })
    env.document.addEventListener("visibilitychange", () => this.#seen(), { signal })
    this.feed.start()
    this.commands.retry()
  }

  disconnect() {
    if (!this.#connected) return
    this.#connected = false
    this.#listening.abort()
    this.commands.flush()
    this.commands.stop()
    this.news.clear()
    this.feed.stop()
  }

  /** A bell was swapped in, or came after a new log-in: newer than this, perhaps. @param {Rendered} rendered */
  join(rendered) {
    const { csrf, epoch, rev, strings, historyUrl, preferencesUrl } = rendered
    this.api.csrf = csrf
    this.#options.offer(rendered)
    this.strings = strings
    this.urls = { history: historyUrl, preferences: preferencesUrl }
    if (!this.#connected) return
    if (this.state === "signed-out") this.feed.restart()
    const { cursor } = this.stream
    if (epoch !== cursor?.epoch || rev > cursor.since) this.feed.wake()
  }

  #leave() {
    this.commands.flush({ leaving: true })
    keepPlace(this.env, this.user, this.stream.cursor, this.news.oldest - 1)
    // The browser keeps no page that holds a socket or a lock; the next tab leads from now on.
    this.feed.stop()
  }

  #comeBack() {
    this.feed.start()
    this.commands.resume()
    this.#wake()
  }

  #wake() {
    this.feed.wake()
    this.commands.retry()
  }

  #seen() {
    if (this.env.document.visibilityState !== "visible") return this.commands.flush()
    this.#wake()
    this.news.claim()
  }

  // -- how --

  /** @param {import("./stream.js").Effect[]} effects */
  #carryOut(effects) {
    for (const effect of effects) {
      if ("change" in effect) {
        this.store.apply(effect.change)
        this.#tell("change", effect.change)
      } else if ("count" in effect) this.store.setCount(effect.count)
      else if ("announce" in effect) this.news.add(effect.announce)
    }
    this.store.advance(this.stream.cursor?.since ?? 0)
    this.#loadStale()
    if (effects.length > 0) this.#changed()
    this.news.claim()
  }

  /** What is not wanted is claimed all the same: it pops up in no other tab, nor later. @param {Notification[]} news */
  #show(news) {
    const wanted = news.filter(each => popsUp(each, this.options.wishes))
    if (wanted.length > 0) this.#tell("news", wanted)
  }

  /** @param {State} state */
  #stateIs(state) {
    if (state === "signed-out") this.#forget()
    this.#tell("state", state)
    if (state !== "live" && state !== "polling") return
    this.commands.retry()
    this.#loadStale()
  }

  /** Whoever comes to this screen next need not be the same person. */
  #forget() {
    this.store.forget()
    this.news.clear()
    this.#changed()
  }

  #loadStale() {
    for (const name of this.store.stale) this.#load(name)
  }

  /** @param {ViewName} name */
  async #load(name, more = false) {
    const { store } = this
    const token = store.beginLoad(name, { more })
    this.#changed()
    try {
      const page = await this.api.list({ status: name, before: token.before })
      // Of another epoch: the stream will find that out, and begin anew.
      if (!store.loaded(name, token, page) && page.epoch !== this.stream.cursor?.epoch) this.feed.wake()
    } catch (error) {
      store.failed(name, token, /** @type {Error} */ (error))
    }
    this.#changed()
  }

  /** One event for all that happens at once. */
  #changed() {
    if (this.#rowsDue) return
    this.#rowsDue = true
    queueMicrotask(() => {
      this.#rowsDue = false
      this.#tell("rows")
      if (this.#count === this.count) return
      this.#count = this.count
      this.#tell("count", this.#count)
    })
  }

  /** @param {string} type @param {any} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

export { currentSession, sessionOf } from "./sessions.js"

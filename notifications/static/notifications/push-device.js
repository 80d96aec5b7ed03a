// @ts-check
/**
 * "On this device" of the preferences page: whether it is told also when no page of the site is open.
 *
 * It imports nothing: a page loads it alone, under whatever name the site's static files have.
 *
 * @typedef {"unsupported" | "install" | "blocked" | "off" | "on"} State
 * @typedef {{id: number, device: string, endpoint_hash: string, created_at: string}} Device
 * @typedef {{public_key: string, subscriptions: Device[]}} Answer
 */

const SECTION = "fieldset[data-notifications-push]"
const SLOWEST_MS = 20_000

/** @type {WeakSet<Element>} */
const enhanced = new WeakSet()

class PushDevice {
  /** @param {HTMLElement} section with the server's `data-` attributes */
  constructor(section) {
    this.section = section
    this.data = /** @type {Record<string, string>} */ ({ ...section.dataset })
    this.strings = /** @type {Record<string, string>} */ (JSON.parse(this.data.strings))
    this.says = this.#part("state", HTMLElement)
    this.button = this.#part("switch", HTMLButtonElement)
    this.others = this.#part("others", HTMLElement)
    this.list = this.#part("devices", HTMLElement)
    /** @type {?PushSubscription} */
    this.own = null
    /** @type {?Device} */
    this.device = null
    /** @type {Device[]} */
    this.devices = []
    this.publicKey = ""
    this.busy = false
  }

  async start() {
    this.button.addEventListener("click", () => {
      if (!this.busy) this.#do(() => (this.device ? this.#remove(this.device.id) : this.#switchOn()))
    })
    this.list.addEventListener("click", event => {
      const button = event.target instanceof Element ? event.target.closest("button") : null
      if (button && !this.busy) this.#removeRow(button)
    })
    await this.#do(async () => {})
    this.section.hidden = false
  }

  /** Whatever it is: while it lasts nothing else can be done, and then everything is looked at anew. @param {() => Promise<unknown>} work */
  async #do(work) {
    this.#setBusy(true)
    let failure = ""
    try {
      await work()
    } catch (error) {
      failure = this.#t("failed", { reason: error instanceof Error ? error.message : String(error) })
    }
    try {
      await this.#look()
    } catch (error) {
      failure ||= this.#t("failed", { reason: error instanceof Error ? error.message : String(error) })
    }
    this.#render(failure)
    this.#setBusy(false)
  }

  /** A button that is disabled loses the focus, and who uses a keyboard the place. @param {boolean} busy */
  #setBusy(busy) {
    this.busy = busy
    for (const button of this.section.querySelectorAll("button")) button.setAttribute("aria-disabled", String(busy))
    this.section.setAttribute("aria-busy", String(busy))
  }

  /** What had the focus is gone then: the row that took its place has it next. @param {HTMLButtonElement} button */
  async #removeRow(button) {
    const place = [...this.list.querySelectorAll("button")].indexOf(button)
    await this.#do(() => this.#remove(Number(button.value)))
    if (document.activeElement !== document.body && document.activeElement !== button) return // elsewhere meanwhile
    const rows = this.list.querySelectorAll("button")
    const next = rows[Math.min(place, rows.length - 1)] ?? this.button
    next.focus()
  }

  async #look() {
    /** @type {Answer} */
    const answer = await this.#ask("GET")
    this.publicKey = answer.public_key
    this.own = isSupported() ? await this.#subscription() : null
    const hash = this.own && (await hashOf(this.own.endpoint))
    this.device = answer.subscriptions.find(each => each.endpoint_hash === hash) ?? null
    this.devices = answer.subscriptions
  }

  /** One that was made for another key of the site's is none: what is sent does not arrive. */
  async #subscription() {
    const registration = await navigator.serviceWorker.getRegistration(this.data.scope)
    const found = (await registration?.pushManager.getSubscription()) ?? null
    const key = found?.options.applicationServerKey
    return key && base64(key) !== this.publicKey ? null : found
  }

  async #switchOn() {
    if ((await Notification.requestPermission()) !== "granted") return
    const registration = await this.#register()
    const old = await registration.pushManager.getSubscription()
    if (old && !this.own) await old.unsubscribe()
    const applicationServerKey = bytes(this.publicKey)
    const own = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })
    await this.#ask("POST", {}, own.toJSON())
  }

  /** Browsers subscribe nobody whose worker is not running yet. */
  async #register() {
    const { workerUrl, scope } = this.data
    const registration = await navigator.serviceWorker.register(workerUrl, { scope })
    const coming = registration.installing ?? registration.waiting
    if (registration.active || !coming) return registration
    await new Promise((resolve, reject) => {
      coming.addEventListener("statechange", () => {
        if (coming.state === "activated") resolve(undefined)
        if (coming.state === "redundant") reject(new Error(coming.scriptURL))
      })
    })
    return registration
  }

  /** @param {number} id */
  async #remove(id) {
    if (id === this.device?.id) await this.own?.unsubscribe()
    await this.#ask("DELETE", { id: String(id) })
  }

  /**
   * @param {string} method
   * @param {Record<string, string>} [query]
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async #ask(method, query = {}, body) {
    const url = new URL(this.data.apiUrl, location.href)
    // By name: after somebody else has logged in, it is refused, not theirs.
    for (const [name, value] of Object.entries({ user_id: this.data.user, ...query })) url.searchParams.set(name, value)
    const response = await fetch(url, {
      method,
      body: body && JSON.stringify(body),
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": this.data.csrf },
      cache: "no-store",
      credentials: "same-origin",
      signal: AbortSignal.timeout(SLOWEST_MS),
    })
    const answer = await response.json().catch(() => null)
    if (!response.ok || !answer) throw new Error(Object.values(answer ?? {}).flat().join(" ") || `HTTP ${response.status}`)
    return answer
  }

  /** @param {string} failure */
  #render(failure) {
    const state = stateOf(this.device)
    this.section.dataset.state = state
    const text = failure || this.strings[state]
    if (this.says.textContent !== text) this.says.textContent = text
    this.button.hidden = state !== "off" && state !== "on"
    this.button.textContent = this.strings[state === "on" ? "switch_off" : "switch_on"]
    this.others.hidden = this.devices.length === 0
    this.list.replaceChildren(...this.devices.map(each => this.#row(each)))
  }

  /** @param {Device} device */
  #row(device) {
    const name = device.device || this.strings.unknown_device
    const date = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: "medium" })
    const more = [this.#t("added", { date: date.format(new Date(device.created_at)) })]
    if (device.id === this.device?.id) more.unshift(this.strings.this_device)
    const [row, label, button] = ["li", "span", "button"].map(tag => document.createElement(tag))
    label.textContent = `${name} (${more.join(", ")})`
    button.textContent = this.strings.remove
    button.className = "notifications-button"
    button.setAttribute("aria-label", this.#t("remove_device", { device: name }))
    Object.assign(button, { type: "button", value: String(device.id) })
    row.append(label, " ", button)
    return row
  }

  /** @param {string} name @param {Record<string, string>} vars for `{name}` in the text */
  #t(name, vars) {
    return this.strings[name].replace(/\{(\w+)\}/g, (whole, key) => vars[key] ?? whole)
  }

  /**
   * @template {HTMLElement} Kind
   * @param {string} name
   * @param {new () => Kind} kind
   * @returns {Kind}
   */
  #part(name, kind) {
    const found = this.section.querySelector(`[data-push-${name}]`)
    if (!(found instanceof kind)) throw new Error(`push_device.html has no data-push-${name}.`)
    return found
  }
}

function isSupported() {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window
}

/** @param {?Device} device this one, if the site knows it @returns {State} */
function stateOf(device) {
  // Of Apple's telephones only a site on the home screen gets the rest.
  if (!isSupported()) return /** @type {any} */ (navigator).standalone === false ? "install" : "unsupported"
  if (Notification.permission === "denied") return "blocked"
  return device ? "on" : "off"
}

/** @param {string} endpoint */
async function hashOf(endpoint) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint))
  return Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, "0")).join("")
}

/** @param {string} text base64url */
function bytes(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), letter => letter.charCodeAt(0))
}

/** @param {ArrayBuffer} raw */
function base64(raw) {
  const text = btoa(String.fromCharCode(...new Uint8Array(raw)))
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
}

function start() {
  for (const section of document.querySelectorAll(SECTION)) {
    if (enhanced.has(section) || !(section instanceof HTMLElement)) continue
    enhanced.add(section)
    new PushDevice(section).start()
  }
}

for (const name of ["turbo:load", "htmx:load"]) document.addEventListener(name, start)
start()

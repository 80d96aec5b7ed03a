// @ts-check
/** Shows what the site tells while no page of it is open. It answers no requests and keeps nothing. */

// The types of a page's global are not those of a worker's.
const worker = /** @type {any} */ (self)

worker.addEventListener("install", () => worker.skipWaiting())
worker.addEventListener("push", (/** @type {any} */ event) => event.waitUntil(show(read(event.data))))
worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close()
  event.waitUntil(openPage(addressOf(event.notification.data?.url)))
})
worker.addEventListener("pushsubscriptionchange", (/** @type {any} */ event) => event.waitUntil(renew(event)))

/** @param {any} data @returns {Record<string, unknown>} empty where it is not what the site sends */
function read(data) {
  try {
    return { ...data?.json() }
  } catch {
    return {}
  }
}

/**
 * Always something: browsers take the permission away from whoever wakes a worker and shows nothing.
 *
 * @param {Record<string, unknown>} told
 */
async function show({ title, body, url, tag, lang, icon, critical }) {
  const watched = (await windows()).some(each => each.visibilityState === "visible")
  return worker.registration.showNotification(asText(title) || worker.location.hostname, {
    body: asText(body),
    tag: asText(tag),
    lang: asText(lang),
    dir: "auto",
    icon: asText(icon) || undefined,
    data: { url: asText(url) },
    requireInteraction: critical === true,
    silent: watched || undefined, // the page pops it up already
  })
}

/** @param {unknown} value */
const asText = value => (typeof value === "string" ? value : "")

/** @returns {Promise<any[]>} the site's open pages, whether below the worker or not */
const windows = () => worker.clients.matchAll({ type: "window", includeUncontrolled: true })

/** @param {string} address */
async function openPage(address) {
  const there = (await windows()).find(each => each.url === address)
  return there ? there.focus() : worker.clients.openWindow(address)
}

/**
 * Where a click leads: a page of this site, or an encrypted one elsewhere; else to the list.
 *
 * @param {unknown} url
 * @returns {string}
 */
function addressOf(url) {
  const list = worker.registration.scope
  try {
    const to = new URL(asText(url) || list, list)
    const isOwn = to.protocol === "http:" && to.origin === worker.location.origin
    return isOwn || to.protocol === "https:" ? to.href : list
  } catch {
    return list
  }
}

/**
 * The push service has ended the subscription. The site knows this browser by what the old one was.
 *
 * @param {any} event
 */
async function renew({ oldSubscription, newSubscription }) {
  if (!oldSubscription) return
  const fresh = newSubscription ?? (await worker.registration.pushManager.subscribe(oldSubscription.options))
  await fetch(new URL("push-renewal/", worker.registration.scope), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ old: oldSubscription.toJSON(), new: fresh.toJSON() }),
  })
}

// @ts-check
/** Where a page stood when it was left: what arrives before the next one of the tab is drawn is news there, too. */

const KEY = "notifications:place"
const FRESH_MS = 30_000

/**
 * @param {{sessionStorage: Storage, localStorage: Storage}} env
 * @param {"sessionStorage" | "localStorage"} which
 * @returns {?Storage} null where the browser forbids even to look
 */
export function storageOf(env, which) {
  try {
    return env[which] ?? null
  } catch {
    return null
  }
}

/**
 * @param {any} env
 * @param {string} user
 * @param {?{since: number, epoch: string}} cursor
 * @param {number} newsAfter what came after this has not popped up yet
 */
export function keepPlace(env, user, cursor, newsAfter) {
  if (!cursor) return
  const rev = Math.min(cursor.since, newsAfter)
  try {
    env.sessionStorage.setItem(KEY, JSON.stringify({ user, epoch: cursor.epoch, rev, at: Date.now() }))
  } catch {
    // Then the next page begins where it was drawn.
  }
}

/** @param {any} env @param {string} user @param {string} epoch @param {number} rev where the page was drawn */
export function keptPlace(env, user, epoch, rev) {
  try {
    const kept = JSON.parse(env.sessionStorage.getItem(KEY) ?? "null")
    const isOurs = kept?.user === user && kept.epoch === epoch && Date.now() - kept.at < FRESH_MS
    return isOurs && Number.isSafeInteger(kept.rev) ? Math.min(kept.rev, rev) : rev
  } catch {
    return rev
  }
}

"""Scripts that run before a page's own, and note what the tests ask for."""

from __future__ import annotations

# Every notification that a tab was given to pop up: told to the test, where it exposes `popped`, and kept where it
# outlives the tab. When a tab closes, its last messages to the test are lost.
NEWS = """(() => {
  const tab = Math.random()
  const dispatch = EventTarget.prototype.dispatchEvent
  EventTarget.prototype.dispatchEvent = function (event) {
    if (event.type === "news" && Array.isArray(event.detail)) {
      for (const { id, subject } of event.detail) {
        localStorage.setItem(`popped:${id}:${tab}`, subject)
        globalThis.popped?.(id, subject)
      }
    }
    return dispatch.call(this, event)
  }
})()"""

# What of it there is, from any tab: the subjects.
POPPED = "() => Object.keys(localStorage).filter(key => key.startsWith('popped:')).map(key => localStorage[key])"

# Whether a tab waits with nothing that may pop up in it yet.
QUIET = "() => document.querySelector('notification-bell').session.news.oldest === Infinity"

# Shifts that nobody's click explains.
SHIFTS = """(() => {
  globalThis.shifts = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue
      const nodes = entry.sources.map(source => source.node?.nodeName + "." + source.node?.className)
      globalThis.shifts.push({ value: entry.value, nodes })
    }
  }).observe({ type: "layout-shift", buffered: true })
})()"""

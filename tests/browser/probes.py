"""Scripts that run before a page's own, and note what the tests ask for."""

from __future__ import annotations

# Every notification that a tab was given to pop up, in all tabs of a context, also those that are closed since.
NEWS = """(() => {
  const dispatch = EventTarget.prototype.dispatchEvent
  EventTarget.prototype.dispatchEvent = function (event) {
    if (event.type === "news" && Array.isArray(event.detail)) {
      for (const notification of event.detail) globalThis.popped(notification.id, notification.subject)
    }
    return dispatch.call(this, event)
  }
})()"""

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

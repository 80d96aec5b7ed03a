// @ts-check
/** A tablist: one tab in the order of the Tab key, the arrow keys go on from it. */

import { make, put, setText } from "./dom.js"

/** @template {string} Name */
export class Tabs {
  /** @type {Name} */
  current
  /** @type {Map<Name, HTMLButtonElement>} */
  #tabs = new Map()
  #onSelect

  /**
   * @param {[Name, string][]} names with what is written on each
   * @param {Record<string, string>} attributes of the list
   * @param {(name: Name) => void} onSelect
   */
  constructor(names, attributes, onSelect) {
    this.#onSelect = onSelect
    this.current = names[0][0]
    for (const [name, label] of names) {
      const tab = { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel" }
      this.#tabs.set(name, make("button", "tab", tab, `${label} `))
    }
    this.element = make("div", "tabs", { role: "tablist", ...attributes }, ...this.#tabs.values())
    this.element.addEventListener("click", event => this.#clicked(event))
    this.element.addEventListener("keydown", event => this.#key(event))
    this.#mark()
  }

  focus() {
    this.#tabs.get(this.current)?.focus()
  }

  /** A number behind the text. @param {Name} name @param {string} number */
  setNumber(name, number) {
    const tab = this.#tabs.get(name)
    if (!tab) return
    const mark = tab.querySelector("span") ?? tab.appendChild(make("span", "number"))
    setText(mark, number)
    mark.hidden = !number
  }

  /** @param {Event} event */
  #clicked(event) {
    for (const [name, tab] of this.#tabs) {
      if (event.target instanceof Node && tab.contains(event.target)) this.#select(name)
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const names = [...this.#tabs.keys()]
    const forward = getComputedStyle(this.element).direction === "rtl" ? "ArrowLeft" : "ArrowRight"
    const here = names.indexOf(this.current)
    let to = { Home: 0, End: names.length - 1 }[event.key] ?? -1
    if (event.key.startsWith("Arrow")) {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return
      to = (here + (event.key === forward ? 1 : -1) + names.length) % names.length
    }
    if (to < 0) return
    event.preventDefault()
    this.#select(names[to])
    this.focus()
  }

  /** @param {Name} name */
  #select(name) {
    if (name === this.current) return
    this.current = name
    this.#mark()
    this.#onSelect(name)
  }

  #mark() {
    for (const [name, tab] of this.#tabs) {
      const selected = name === this.current
      // `autofocus` is where the focus goes when the popover opens.
      put(tab, { "aria-selected": String(selected), tabindex: selected ? "0" : "-1", autofocus: selected })
    }
  }
}

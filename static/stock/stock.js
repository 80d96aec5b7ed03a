// @ts-check
/** The numbers on the shelf follow what is sold elsewhere. The notifications do not need this; the shop window does. */

const SECONDS = 3

/** @param {number} stock @param {number} threshold @returns {"out" | "low" | "fine"} */
const levelOf = (stock, threshold) => (stock === 0 ? "out" : stock <= threshold ? "low" : "fine")

/** @param {HTMLElement} row @param {number} stock */
function show(row, stock) {
  const level = levelOf(stock, Number(row.dataset.threshold))
  row.dataset.level = level
  for (const element of row.querySelectorAll("[data-stock]")) element.textContent = String(stock)
  const { textOut = "", textLow = "", textFine = "" } = row.closest("ul")?.dataset ?? {}
  const text = { out: textOut, low: textLow, fine: textFine }[level]
  for (const element of row.querySelectorAll("[data-level-text]")) element.textContent = text
  const button = row.querySelector("[data-sell]")
  if (button instanceof HTMLButtonElement) button.disabled = stock === 0
}

/** @param {HTMLElement} list */
async function refresh(list) {
  const response = await fetch(list.dataset.levelsUrl ?? "", { headers: { Accept: "application/json" } })
  if (!response.ok || response.redirected) return
  const levels = await response.json()
  for (const row of list.querySelectorAll("[data-product]")) {
    if (row instanceof HTMLElement && String(row.dataset.product) in levels) show(row, levels[row.dataset.product ?? ""])
  }
}

/**
 * A sale without a reload. If it does not work out, the form is sent the ordinary way, which says why.
 *
 * @param {HTMLElement} list
 * @param {HTMLFormElement} form
 */
async function sell(list, form) {
  const headers = { Accept: "application/json" }
  const response = await fetch(form.action, { method: "POST", body: new FormData(form), headers })
  if (response.status !== 204) throw new Error(`not sold: ${response.status}`)
  await refresh(list)
}

const list = document.querySelector("[data-levels-url]")
if (list instanceof HTMLElement) {
  list.addEventListener("submit", event => {
    if (!(event.target instanceof HTMLFormElement)) return
    event.preventDefault()
    const form = event.target
    sell(list, form).catch(() => form.submit())
  })
  setInterval(() => document.hidden || refresh(list).catch(() => {}), SECONDS * 1000)
}

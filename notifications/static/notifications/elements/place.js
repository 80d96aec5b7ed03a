// @ts-check
/** Where the centre opens: next to the bell, on the side where there is room. */

const GAP_PX = 8
const ENOUGH_PX = 360

/**
 * Only distances; the width and what a phone does are the style sheet's. Set through the object model, which a content
 * security policy allows where it forbids `style` attributes.
 *
 * @param {HTMLElement} panel
 * @param {HTMLElement} bell
 */
export function placeBeside(panel, bell) {
  const box = bell.getBoundingClientRect()
  const { clientWidth: width, clientHeight: height } = document.documentElement
  const below = height - box.bottom - GAP_PX
  const above = box.top - GAP_PX
  const up = below < ENOUGH_PX && above > below
  const atLeft = box.left + box.width / 2 < width / 2
  panel.dataset.side = up ? "above" : "below"
  panel.dataset.beside = atLeft ? "left" : "right"
  setPixels(panel, "--_edge", atLeft ? box.left : width - box.right)
  setPixels(panel, "--_from", Math.max(GAP_PX, up ? height - box.top + GAP_PX : box.bottom + GAP_PX))
  setPixels(panel, "--_room", Math.min(up ? above : below, height - GAP_PX))
}

/** @param {HTMLElement} element @param {string} name @param {number} pixels */
function setPixels(element, name, pixels) {
  element.style.setProperty(name, `${Math.round(pixels)}px`)
}

// @ts-check
/** @typedef {string | Record<string, string>} Text by plural category, where it has a number in it */

/**
 * @param {Text} text
 * @param {Record<string, string | number>} vars for `{name}` in it
 * @param {number} [count] chooses the form, and is `{count}`
 * @param {string} [language]
 */
export function textOf(text, vars, count, language) {
  const form = typeof text === "string" ? text : (text[category(count ?? 0, language)] ?? text.other)
  /** @type {Record<string, string | number | undefined>} */
  const all = { count, ...vars }
  return form.replace(/\{(\w+)\}/g, (whole, name) => String(all[name] ?? whole))
}

/** @param {number} count @param {string} [language] */
function category(count, language) {
  try {
    return new Intl.PluralRules(language || undefined).select(count)
  } catch {
    return count === 1 ? "one" : "other" // no such language
  }
}

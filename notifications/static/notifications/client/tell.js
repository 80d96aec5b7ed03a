// @ts-check
/**
 * A callback that fails must not cost the next one its call.
 *
 * @template T
 * @param {((value: T) => void) | undefined} callback
 * @param {T} value
 */
export function tell(callback, value) {
  try {
    callback?.(value)
  } catch (error) {
    setTimeout(() => {
      throw error // as if nobody had caught it: the page's own error handling sees it
    }, 0)
  }
}

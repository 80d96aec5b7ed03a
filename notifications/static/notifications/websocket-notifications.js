// @ts-check
/**
 * The class to build one's own page on, as an export and as a global:
 *
 *     <script type="module" src="…/websocket-notifications.js"></script>
 *
 * The bell and what belongs to it come with `{% notification_scripts %}` and do not need this.
 */

import { WebSocketNotificationManager } from "./client/manager.js"

Object.assign(globalThis, { WebSocketNotificationManager })

export { WebSocketNotificationManager }

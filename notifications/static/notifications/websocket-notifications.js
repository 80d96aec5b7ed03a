// @ts-check
/**
 * Live notifications. The one module that a page needs to load:
 *
 *     <script type="module" src="…/websocket-notifications.js"></script>
 *
 * It keeps the bell and the list of `{% notification_bell %}` and `{% notification_list %}` current. For pages of
 * one's own making, `WebSocketNotificationManager` is exported and a global, too.
 */

import { WebSocketNotificationManager } from "./client/manager.js"
import { start } from "./elements/page.js"

Object.assign(globalThis, { WebSocketNotificationManager })

if (globalThis.document) start(document, WebSocketNotificationManager)

export { WebSocketNotificationManager }

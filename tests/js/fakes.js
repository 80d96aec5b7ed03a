/** A WebSocket in the hands of the test, and the frames that a server would send. */

export class FakeSocket {
  /** @type {FakeSocket[]} every socket that was opened, oldest first */
  static opened = []

  static get last() {
    return FakeSocket.opened.at(-1)
  }

  constructor(url, protocols) {
    this.url = new URL(url)
    this.protocols = protocols
    this.readyState = 1
    this.sent = []
    FakeSocket.opened.push(this)
  }

  send(text) {
    this.sent.push(JSON.parse(text))
  }

  close(code) {
    this.closedWith = code
    this.readyState = 3
  }

  /** The server sends a frame. */
  hear(type, data) {
    this.onmessage?.({ data: JSON.stringify({ type, data, timestamp: "2026-01-31T12:00:00Z" }) })
  }

  /** The connection ends. */
  end(code, reason = "") {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }

  greet(data = {}) {
    const standing = { user_id: 1, protocol: 2, rev: 10, epoch: "e1", seen_seq: 0, unread_count: 2, ping_interval: 30 }
    this.hear("connection_established", { ...standing, ...data })
  }
}

export const notification = (seq, more = {}) => ({
  id: seq + 1000,
  type: "system_alert",
  subject: `Number ${seq}`,
  message: "",
  priority: "medium",
  created_at: "2026-01-31T12:00:00Z",
  url: "",
  data: {},
  actor: null,
  target: null,
  read_at: null,
  archived_at: null,
  seq,
  rev: seq,
  ...more,
})

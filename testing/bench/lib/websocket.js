/** What a client sends to open a WebSocket. @param {string} path */
export function upgradeRequest(path) {
  const headers = {
    Host: '127.0.0.1',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A short text frame of a client, masked with zeros (RFC 6455 §5.3). @param {object} message */
export function maskedTextFrame(message) {
  const payload = Buffer.from(JSON.stringify(message))
  if (payload.length > 125) throw new RangeError('too long for a short frame')
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}

import net from 'node:net'

/** One answer out of many on a connection. */
export interface PipelinedAnswer {
  readonly status: number
  readonly text: string
}

const LAST_REQUEST = Buffer.from('GET /up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')

/**
 * Sends requests on one connection without waiting for answers, and answers all that came back.
 *
 * @throws Error when the bytes that came back are not a sequence of whole HTTP answers.
 */
export async function sendPipelined(
  port: number,
  requests: readonly Uint8Array[],
): Promise<PipelinedAnswer[]> {
  const received = await exchange(port, (socket) => socket.write(Buffer.concat([...requests, LAST_REQUEST])))
  return parseAnswers(received)
}

/** Sends bytes that need not be a request, ends the connection, and answers what came back. */
export async function sendGarbage(port: number, bytes: Uint8Array): Promise<string> {
  const received = await exchange(port, (socket) => socket.end(bytes))
  return received.toString('latin1')
}

async function exchange(port: number, send: (socket: net.Socket) => void): Promise<Buffer> {
  const socket = net.connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined) // the server may end it before it has read everything
  const closed = new Promise((resolve) => socket.once('close', resolve))
  send(socket)
  await closed
  return Buffer.concat(chunks)
}

function parseAnswers(bytes: Buffer): PipelinedAnswer[] {
  const answers: PipelinedAnswer[] = []
  for (let at = 0; at < bytes.length;) {
    const headEnd = bytes.indexOf('\r\n\r\n', at)
    const head = bytes.toString('latin1', at, headEnd)
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? []
    const [, length] = /^content-length: (\d+)$/im.exec(head) ?? []
    const bodyAt = headEnd + 4
    const end = bodyAt + Number(length)
    if (headEnd === -1 || status === undefined || length === undefined || end > bytes.length) {
      throw new Error(`answer ${answers.length + 1} is none: ${bytes.toString('latin1', at, at + 300)}`)
    }
    answers.push({ status: Number(status), text: head + bytes.toString('utf8', bodyAt, end) })
    at = end
  }
  return answers
}

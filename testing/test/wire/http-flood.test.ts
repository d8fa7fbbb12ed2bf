import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { PlainSocket } from '../support/plain-socket.js'
import { startServer } from '../support/test-server.js'

const megabyte = 1024 * 1024
const megabyteOfText = Buffer.alloc(megabyte, 'x')
const post = (header: string): string => `POST /apps/app1/events HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`

describe('a request that is too large', () => {
  // covers: SEC-13
  it('is 413 when it is whole, and is not kept meanwhile', async () => {
    await using server = await startServer()
    const clients = await Promise.all(Array.from({ length: 10 }, () => PlainSocket.connect(server.port)))
    using _all = {
      [Symbol.dispose]() {
        for (const client of clients) client[Symbol.dispose]()
      },
    }
    const before = memoryInUse()
    await Promise.all(
      clients.map(async (client) => {
        await client.write(post(`Content-Length: ${20 * megabyte}`))
        for (let sent = 0; sent < 19; sent++) await client.write(megabyteOfText)
      }),
    )
    await server.get('/up') // by now the server has met what was sent, but for what sockets hold
    expect(memoryInUse() - before).toBeLessThan(40 * megabyte)
    for (const client of clients) void client.write(megabyteOfText)
    for (const client of clients) expect(await client.firstLine).toMatch(/^HTTP\/1\.1 413 /)
    await server.publish('news', 'still', '{}')
  })

  // covers: SEC-13
  it('is 413 at once when it announces itself far too large', async () => {
    await using server = await startServer()
    using client = await PlainSocket.connect(server.port)
    await client.write(post(`Content-Length: ${2 ** 40}`))
    expect(await client.firstLine).toMatch(/^HTTP\/1\.1 413 /)
    await server.publish('news', 'still', '{}')
  })

  // covers: SEC-13
  it('is 413 before its end when it comes in chunks and has none', async () => {
    await using server = await startServer()
    using client = await PlainSocket.connect(server.port)
    await client.write(post('Transfer-Encoding: chunked'))
    const chunk = `${megabyte.toString(16)}\r\n${'x'.repeat(megabyte)}\r\n`
    const answers: string[] = []
    void client.firstLine.then((line) => answers.push(line))
    while (answers.length === 0) await Promise.race([client.write(chunk), client.firstLine])
    expect(answers[0]).toMatch(/^HTTP\/1\.1 413 /)
    await server.publish('news', 'still', '{}')
  })

  // covers: SEC-13
  it('is refused for headers of 20 MB', async () => {
    await using server = await startServer()
    using client = await PlainSocket.connect(server.port)
    await client.write('GET /up HTTP/1.1\r\nHost: x\r\nX-Long: ')
    for (let sent = 0; sent < 20 && !client.isClosed; sent++) {
      await Promise.race([client.write(megabyteOfText), client.firstLine])
    }
    expect(await client.firstLine).toMatch(/^HTTP\/1\.1 (?:413|431) /)
    expect(await server.get('/up')).toMatchObject({ status: 200 })
  })
})

/** Bytes of this process, in which the server runs too, after everything unused was let go. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

import net from 'node:net'

/** A TCP connection for bytes that no HTTP client would send. */
export class PlainSocket implements Disposable {
  /** The first line of what came back, or all of it when the connection ended before. */
  readonly firstLine: Promise<string>
  /** Everything that came back until the connection ended. */
  readonly everything: Promise<string>

  private constructor(private readonly socket: net.Socket) {
    let text = ''
    this.everything = new Promise((resolve) => {
      socket.once('close', () => {
        resolve(text)
      })
    })
    this.firstLine = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        if (text.includes('\r\n')) resolve(text.split('\r\n', 1)[0] ?? '')
      })
      void this.everything.then(resolve)
    })
  }

  static async connect(port: number): Promise<PlainSocket> {
    const socket = net.connect(port, '127.0.0.1')
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.on('error', () => undefined) // the server may end it while it is written to
    return new PlainSocket(socket)
  }

  get isClosed(): boolean {
    return this.socket.closed
  }

  /** Resolves when the system took the bytes, or will never do so. */
  write(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, () => {
        resolve()
      })
    })
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

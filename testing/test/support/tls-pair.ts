import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate for the loopback address that signs itself. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  /** SHA-256 as `tls` shows it of a peer. */
  readonly fingerprint256: string
}

/** Makes a new certificate and key. */
export async function makeCertificate(): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
  })
  return { cert, key, fingerprint256: new X509Certificate(cert).fingerprint256 }
}

/** A certificate and its key as files in a directory of their own, which can be replaced. */
export class TlsPair {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Writes a pair; remove it with `await using`. */
  static async write(pair: Certificate): Promise<TlsPair> {
    const files = new TlsPair(await mkdtemp(join(tmpdir(), 'pogo-tls-')))
    await files.replace(pair)
    return files
  }

  /** The `tls` option of the server. */
  get files(): { readonly cert: string; readonly key: string } {
    return { cert: join(this.#directory, 'server.crt'), key: join(this.#directory, 'server.key') }
  }

  async replace({ cert, key }: Pick<Certificate, 'cert' | 'key'>): Promise<void> {
    await Promise.all([writeFile(this.files.cert, cert), writeFile(this.files.key, key)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true })
  }
}

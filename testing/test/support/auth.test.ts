import { describe, expect, it } from 'vitest'
import nacl from 'tweetnacl'
import { channelAuth, hmacHex, sharedSecret, userAuth } from './auth.js'
import { signRequest } from './http-signature.js'

const app = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
const socketId = '1234.1234'

describe("the tests' own signatures", () => {
  it.each([
    ['private-foobar', undefined, '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4'],
    [
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
      'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
    ],
    [
      'presence-foobar',
      '{"user_id":"10","user_info":{"name":"Zoë 🚀"}}',
      '55ec9bc4176bf9334176403873edf4cbb6eee519115a83224709522df3c7dea0',
    ],
  ])('equal the published digest for %s with %s', (channel, channelData, digest) => {
    expect(channelAuth(app, socketId, channel, channelData)).toBe(`${app.key}:${digest}`)
  })

  it('equal the published digest of a sign-in', () => {
    const digest = '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba'
    expect(userAuth(app, socketId, '{"id":"12345"}')).toBe(`${app.key}:${digest}`)
  })

  it('equal the published digest of a webhook body', () => {
    const body = '{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"project-3"}]}'
    expect(hmacHex(app.secret, body)).toBe('73654ae6d45e9562503ac8d017e634454e3e309c82b32e49c67677dde9e798b3')
  })

  it('equal the published digest of a POST to the HTTP API', () => {
    const body = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}'
    const params = signRequest({ app, method: 'POST', path: '/apps/3/events', body, timestamp: 1353088179 })
    expect(params.get('body_md5')).toBe('ec365a775a4cd0599faeb73354201b6f')
    expect(params.get('auth_signature')).toBe(
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    )
  })

  it('equal the published digest of a GET from the HTTP API', () => {
    const query = { filter_by_prefix: 'presence-', info: 'user_count' }
    const params = signRequest({ app, method: 'GET', path: '/apps/3/channels', query, timestamp: 1353088179 })
    expect(params.get('auth_signature')).toBe(
      '16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291',
    )
  })

  // covers: ENC-06
  it('derive the channel key that opens the published ciphertext', () => {
    const secret = sharedSecret('private-encrypted-foobar', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=')
    expect(secret).toBe('g3Au6SZ+UCU+IMfFsFva0rq+Gi4tzSHR6WCcWZbS9sY=')
    const plain = nacl.secretbox.open(
      Buffer.from('cUvi6VQlRGyKCRRclUJdHUsGJzgoj596PYEg0Ekt7UbHsAQ=', 'base64'),
      Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYX', 'base64'),
      Buffer.from(secret, 'base64'),
    )
    expect(Buffer.from(plain ?? []).toString()).toBe('{"message":"hello"}')
  })
})

/**
 * Query parameters as they are signed: decoded, names in lower case, `name[]=a&name[]=b` (also `name[0]=`) as `a,b`
 * under the bare name. `null` when the text cannot be decoded. Source: protocol.md#http-auth-signed-string.
 */
export function parseQuery(query: string): Map<string, string> | null {
  const parameters = new Map<string, string>()
  if (query === '') return parameters
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals === -1 ? part : part.slice(0, equals))
    const value = equals === -1 ? '' : decode(part.slice(equals + 1))
    if (name === null || value === null) return null
    const key = name.toLowerCase()
    const array = key.endsWith(']') ? /^(.+)\[\d*\]$/.exec(key)?.[1] : undefined
    if (array === undefined) parameters.set(key, value)
    else {
      const before = parameters.get(array)
      parameters.set(array, before === undefined ? value : `${before},${value}`)
    }
  }
  return parameters
}

/** Percent-decodes; `null` when the escapes are no UTF-8. */
export function decode(text: string): string | null {
  if (!text.includes('%') && !text.includes('+')) return text
  return decodePath(text.replaceAll('+', ' '))
}

/** Like {@link decode}, for paths, where `+` means itself. */
export function decodePath(text: string): string | null {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null // malformed escapes: the caller refuses the request
  }
}

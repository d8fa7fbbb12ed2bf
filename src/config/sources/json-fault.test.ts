import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findJsonFault } from './json-fault.js'

describe('findJsonFault', () => {
  it.each([
    ['{\n  "a": 1,\n}', 3, 1, 'no comma may stand before the end'],
    ['{\n  // why\n  "a": 1\n}', 2, 3, 'JSON has no comments'],
    ["{ 'a': 1 }", 1, 3, 'expected a name in double quotes'],
    ['{"a" 1}', 1, 6, 'expected :'],
    ['{"a": }', 1, 7, 'expected a value'],
    ['{"a": 01}', 1, 8, 'expected , or }'],
    ['["a\nb"]', 1, 4, 'a string may not hold a line break or control character'],
    ['["\\x"]', 1, 3, 'a string may not hold this escape'],
    ['["a', 1, 4, 'the file ends too early'],
    ['', 1, 1, 'the file ends too early'],
    ['{} {}', 1, 4, 'expected the end of the file'],
    ['{"a":1,"\\u0061":2}', 1, 8, 'this name stands twice in the same object'],
    ['['.repeat(200), 1, 102, 'nested more than 100 deep'],
  ])('finds the fault of %j', (text, line, column, message) => {
    expect(findJsonFault(text)).toEqual({ line, column, message })
  })

  it('accepts what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        expect(findJsonFault(JSON.stringify(value, null, space))).toBeNull()
      }),
    )
  })

  it('finds a fault where JSON.parse does, and only there', () => {
    const damaged = fc
      .tuple(
        fc.jsonValue({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '1', '\\', ' ', '.', 'e'),
      )
      .map(([value, at, insert]) => {
        const text = JSON.stringify(value)
        const cut = at % (text.length + 1)
        return text.slice(0, cut) + insert + text.slice(cut + 1)
      })
    fc.assert(
      fc.property(damaged, (text) => {
        const fault = findJsonFault(text)
        if (fault?.message.startsWith('this name stands twice') === true) return
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(fault === null).toBe(isJson)
      }),
      { numRuns: 5000 },
    )
  })
})

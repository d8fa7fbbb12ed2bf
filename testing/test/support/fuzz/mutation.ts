import fc from 'fast-check'

/** One way to spoil a text, mostly JSON. */
export type Mutation =
  | { readonly type: 'none' }
  /** Another JSON text in the place of one value. */
  | { readonly type: 'value'; readonly at: number; readonly text: string }
  /** One more member in one of the objects. */
  | { readonly type: 'member'; readonly at: number; readonly name: string; readonly text: string }
  | { readonly type: 'cut'; readonly at: number; readonly length: number }
  | { readonly type: 'insert'; readonly at: number; readonly text: string }
  | { readonly type: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | { readonly type: 'replace'; readonly text: string }

const nested = (depth: number): string[] => [
  '['.repeat(depth) + ']'.repeat(depth),
  '{"a":'.repeat(depth) + '1' + '}'.repeat(depth),
  '['.repeat(depth),
]

/** JSON texts that parsers, comparisons and printers stumble over. */
const oddValues = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1.0', '1e400', '-1e400', '1e-400', '9007199254740993'],
  ...['123456789012345678901234567890', '[]', '{}', '[[]]', '[null]', '""', '" "', '"\\u0000"', '"\\ud800"'],
  ...[
    '"\\udfff\\ud800"',
    '"\\u2028"',
    '"\\/"',
    '"\\x41"',
    '"\\u12"',
    "'x'",
    'undefined',
    'NaN',
    '.5',
    '01',
    '+1',
  ],
  ...['"__proto__"', '"constructor"', '"toString"', '{"__proto__":{"polluted":1}}', '{"length":5}'],
  ...['{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1,"valueOf":1}', '{"then":1}'],
  ...[
    '"pusher:subscribe"',
    '"pusher_internal:member_added"',
    '"#server-to-user-u1"',
    '"presence-"',
    '"private-"',
  ],
  ...[
    JSON.stringify('x'.repeat(300)),
    JSON.stringify('é'.repeat(200)),
    JSON.stringify('\u0001'.repeat(2000)),
  ],
  ...nested(50),
  ...nested(3000),
]
const oddNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'event',
  'channel',
  'data',
  'auth',
  'name',
]
const oddInsertions = [
  '"',
  '\\',
  '\\u',
  '\\ud83d',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\0',
  '\n',
  '\ufeff',
  '%',
  'é',
  '🚀',
  '\ud800',
]

const value = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...oddValues) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
)
const at = fc.nat(600)

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ type: 'none' } as const) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('value' as const), at: fc.nat(20), text: value }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('member' as const),
      at: fc.nat(5),
      name: fc.constantFrom(...oddNames),
      text: value,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('cut' as const), at, length: fc.integer({ min: 1, max: 600 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('insert' as const),
      at,
      text: fc.oneof(fc.constantFrom(...oddInsertions), fc.string({ unit: 'binary', maxLength: 6 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('repeat' as const),
      at,
      length: fc.integer({ min: 1, max: 50 }),
      times: fc.integer({ min: 2, max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('replace' as const),
      text: fc.oneof(value, fc.string({ unit: 'binary' }), fc.json({ maxDepth: 3 })),
    }),
  },
)

/** The text of `content`, spoilt. */
export function spoil(content: unknown, how: Mutation): string {
  switch (how.type) {
    case 'none':
      return JSON.stringify(content)
    case 'value':
    case 'member':
      return print(content, how)
    case 'replace':
      return how.text
    case 'cut':
    case 'insert':
    case 'repeat':
      return spoilText(JSON.stringify(content), how)
  }
}

/** The same for what is no JSON; values and members are not in it. */
export function spoilText(text: string, how: Mutation): string {
  switch (how.type) {
    case 'none':
    case 'value':
    case 'member':
      return text
    case 'replace':
      return how.text
    case 'cut':
    case 'insert':
    case 'repeat': {
      const position = how.at % (text.length + 1)
      const before = text.slice(0, position)
      if (how.type === 'insert') return before + how.text + text.slice(position)
      const behind = text.slice(position + how.length)
      if (how.type === 'cut') return before + behind
      return before + text.slice(position, position + how.length).repeat(how.times) + behind
    }
  }
}

/** Prints JSON with one value replaced, or one member added. */
function print(content: unknown, how: Mutation & { readonly type: 'value' | 'member' }): string {
  const values = count(content, () => true)
  const objects = count(content, isObject)
  let left = how.type === 'value' ? how.at % values : how.at % Math.max(1, objects)
  const visit = (item: unknown): string => {
    if (how.type === 'value' && left-- === 0) return how.text
    if (Array.isArray(item)) return `[${item.map(visit).join(',')}]`
    if (!isObject(item)) return JSON.stringify(item)
    const extra = how.type === 'member' && left-- === 0 ? [`${JSON.stringify(how.name)}:${how.text}`] : []
    const members = Object.entries(item).filter(([, member]) => member !== undefined)
    return `{${[...members.map(([name, member]) => `${JSON.stringify(name)}:${visit(member)}`), ...extra].join(',')}}`
  }
  return visit(content)
}

function count(content: unknown, counts: (item: unknown) => boolean): number {
  const inside = typeof content === 'object' && content !== null ? Object.values(content) : []
  return inside.reduce<number>((sum, item) => sum + count(item, counts), counts(content) ? 1 : 0)
}

function isObject(item: unknown): item is Record<string, unknown> {
  return typeof item === 'object' && item !== null && !Array.isArray(item)
}

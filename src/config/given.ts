import type { Option } from './option.js'
import { shown } from './problems.js'

/** Where a value was given; knows how its source calls what stands below it. */
export interface Origin {
  readonly text: string
  at(step: string | number, option?: Option): Origin
}

/** What a source says about an option: checked and in its unit, or `invalid` when a problem was reported. */
export type Given =
  | { readonly kind: 'value'; readonly value: unknown; readonly origin: Origin }
  | GivenGroup
  | { readonly kind: 'items'; readonly items: readonly Given[]; readonly origin: Origin }
  | { readonly kind: 'invalid'; readonly origin: Origin }

export interface GivenGroup {
  readonly kind: 'group'
  readonly members: ReadonlyMap<string, Given>
  readonly origin: Origin
}

/** A place in a JSON document or an object of the program: `pogo.json: apps[0].id`. */
export function documentOrigin(label: string, path = ''): Origin {
  return {
    text: path === '' ? label : `${label}: ${path}`,
    at(step) {
      if (typeof step === 'number') return documentOrigin(label, `${path}[${step}]`)
      if (!/^[A-Za-z_$][\w$]{0,60}$/.test(step)) return documentOrigin(label, `${path}[${shown(step)}]`)
      return documentOrigin(label, path === '' ? step : `${path}.${step}`)
    },
  }
}

/** Something that has one name only, such as a flag. */
export function plainOrigin(text: string): Origin {
  const origin: Origin = { text, at: () => origin }
  return origin
}

/**
 * One source over another. Groups are joined member by member; of anything else the higher one counts, and a list of
 * groups without an entry says nothing.
 */
export function merge(high: Given | undefined, low: Given | undefined): Given | undefined {
  if (high === undefined) return low
  if (low === undefined) return high
  if (high.kind === 'items' && high.items.length === 0) return low
  if (high.kind !== 'group' || low.kind !== 'group') return high
  const members = new Map(high.members)
  for (const [name, given] of low.members) {
    const merged = merge(members.get(name), given)
    if (merged !== undefined) members.set(name, merged)
  }
  return { ...high, members }
}

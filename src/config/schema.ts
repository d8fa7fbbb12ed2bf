import type { JsonValue, Option, Options, OptionType } from './option.js'
import { serverOptions } from './options.js'

/** JSON Schema (draft 2020-12) of the configuration file. */
export function jsonSchema(): Readonly<Record<string, JsonValue>> {
  const { properties, ...rest } = objectSchema(serverOptions)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Pogo',
    ...rest,
    properties: { $schema: { type: 'string' }, ...properties },
  }
}

function objectSchema(options: Options): Readonly<Record<string, JsonValue>> & {
  readonly properties: Readonly<Record<string, JsonValue>>
} {
  const required = Object.keys(options).filter((name) => options[name]?.required === true)
  const properties = Object.entries(options).map(([name, option]) => [name, optionSchema(option)] as const)
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(properties),
  }
}

function optionSchema(option: Option): JsonValue {
  return {
    description: option.description,
    ...typeSchema(option.type),
    ...(option.default === undefined ? {} : { default: option.default }),
  }
}

function typeSchema(type: OptionType): Readonly<Record<string, JsonValue>> {
  switch (type.kind) {
    case 'boolean':
      return { type: 'boolean' }
    case 'number': {
      const name = type.whole ? 'integer' : 'number'
      return {
        type: type.nullable === true ? [name, 'null'] : name,
        minimum: type.min,
        maximum: type.max,
      }
    }
    case 'text':
      return textSchema(type.rule.pattern)
    case 'choice':
      return { enum: type.values }
    case 'list':
      return {
        type: type.nullable === true ? ['array', 'null'] : 'array',
        items: textSchema(type.rule.pattern),
      }
    case 'headers':
      return { type: 'object', additionalProperties: { type: 'string' } }
    case 'group': {
      const group = objectSchema(type.members)
      if (type.isToggle === true) return { anyOf: [{ type: ['boolean', 'null'] }, group] }
      return type.isOff === true ? { anyOf: [{ type: 'null' }, group] } : group
    }
    case 'groups':
      return { type: 'array', items: objectSchema(type.members) }
  }
}

function textSchema(pattern: string | undefined): Readonly<Record<string, JsonValue>> {
  return { type: 'string', ...(pattern === undefined ? {} : { pattern }) }
}

/**
 * Packs a value for a page: it writes every distinct string, list and object once and refers to it by number. The results of a
 * thousand kernels are nearly equal, so the packed page stays small enough to mail. reports/templates/unpack.js unpacks it.
 *
 * `shapes` are the key lists of objects. A node is a primitive, a list `[0, ...nodes]`, or an object `[1 + shape, ...nodes]` with
 * the values in the order of the shape's keys. The last node is the value itself. Among the nodes of a list or object, -n stands
 * for n expected nodes: in a list each one is one more than the one before (so a shared log is a few numbers), in an object each
 * is the same as in the first object of its shape.
 */

export interface Compressed {
  readonly shapes: readonly (readonly string[])[]
  readonly nodes: readonly unknown[]
}

interface Shape {
  readonly number: number
  readonly keys: readonly string[]
  /** The members of the first object of this shape, once it is a node. */
  first: readonly number[] | null
  last: Packed | null
}

/** A list or object as it was packed: results are nearly equal, so the next one is held against the last one that is like it. */
interface Packed {
  readonly values: readonly unknown[]
  readonly members: readonly number[]
  readonly node: number
}

/** A list (kind 0) or object that is a node. */
interface Composite {
  readonly kind: number
  readonly members: readonly number[]
  readonly node: number
}

/** Pack a JSON value. */
export function pack(value: unknown): Compressed {
  const nodes: unknown[] = []
  const primitives = new Map<unknown, number>()
  const shapes: Shape[] = []
  // By the number of keys and the last one: joining all keys of every object would take a tenth of the time.
  const shapesBySize: Map<string | undefined, Shape[]>[] = []
  // By a hash of their numbers, because texts as keys would cost more memory than all the rest.
  const composites = new Map<number, Composite | Composite[]>()
  // By length.
  const lists: (Packed | undefined)[] = []

  function node(inner: unknown): number {
    if (typeof inner === 'object' && inner !== null) return Array.isArray(inner) ? list(inner) : object(inner)
    const known = primitives.get(inner)
    if (known !== undefined) return known
    primitives.set(inner, nodes.length)
    return nodes.push(inner) - 1
  }

  function list(inner: readonly unknown[]): number {
    const last = lists[inner.length] ?? null
    const members = membersOf(inner, last)
    if (members === null) return last?.node ?? 0
    const number = composite(0, members, null)
    lists[inner.length] = { values: inner, members, node: number }
    return number
  }

  function object(inner: object): number {
    const shape = shapeOf(Object.keys(inner))
    const values = Object.values(inner)
    const { last } = shape
    const members = membersOf(values, last)
    if (members === null) return last?.node ?? 0
    const number = composite(1 + shape.number, members, shape.first)
    shape.first ??= members
    shape.last = { values, members, node: number }
    return number
  }

  /** The nodes of these values; null where they are those of the last list or object like this one. */
  function membersOf(values: readonly unknown[], last: Packed | null): number[] | null {
    if (last === null) return values.map(node)
    let members: number[] | null = null
    for (let index = 0; index < values.length; index += 1) {
      const one = values[index]
      const before = last.members[index] ?? 0
      const member = one === last.values[index] && typeof one !== 'object' ? before : node(one)
      if (members === null && member !== before) members = last.members.slice(0, index)
      members?.push(member)
    }
    return members
  }

  function composite(kind: number, members: readonly number[], first: readonly number[] | null): number {
    let hash = kind
    for (const number of members) hash = Math.imul(hash ^ number, 0x01000193)
    const alike = composites.get(hash)
    if (alike !== undefined) {
      for (const one of Array.isArray(alike) ? alike : [alike]) {
        if (one.kind === kind && sameMembers(one.members, members)) return one.node
      }
    }
    const made = { kind, members, node: nodes.length }
    composites.set(hash, alike === undefined ? made : [...(Array.isArray(alike) ? alike : [alike]), made])
    return nodes.push(packed(kind, members, first)) - 1
  }

  function shapeOf(keys: readonly string[]): Shape {
    const bySize = (shapesBySize[keys.length] ??= new Map<string | undefined, Shape[]>())
    const alike = bySize.get(keys.at(-1)) ?? []
    const known = alike.find((shape) => sameMembers(shape.keys, keys))
    if (known) return known
    const shape = { number: shapes.length, keys, first: null, last: null }
    shapes.push(shape)
    bySize.set(keys.at(-1), [...alike, shape])
    return shape
  }

  node(value)
  return { shapes: shapes.map(({ keys }) => keys), nodes }
}

/** A node: its kind, then its members, with expected ones counted. A list (no `first`) expects consecutive numbers. */
function packed(kind: number, members: readonly number[], first: readonly number[] | null): number[] {
  const numbers = [kind]
  let expected = 0
  const flush = () => {
    if (expected > 0) numbers.push(-expected)
    expected = 0
  }
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index] ?? 0
    const before = index > 0 ? (members[index - 1] ?? 0) : NaN
    if (member === (kind === 0 ? before + 1 : first?.[index])) expected += 1
    else {
      flush()
      numbers.push(member)
    }
  }
  flush()
  return numbers
}

function sameMembers<T>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length && left.every((member, index) => member === right[index])
}

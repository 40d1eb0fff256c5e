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

  function node(inner: unknown): number {
    if (typeof inner === 'object' && inner !== null) return Array.isArray(inner) ? list(inner) : object(inner)
    const known = primitives.get(inner)
    if (known !== undefined) return known
    primitives.set(inner, nodes.length)
    return nodes.push(inner) - 1
  }

  function list(inner: readonly unknown[]): number {
    const members: number[] = []
    for (const member of inner) members.push(node(member))
    return composite(0, members, null)
  }

  function object(inner: object): number {
    const keys = Object.keys(inner)
    const shape = shapeOf(keys)
    const members: number[] = []
    for (const key of keys) members.push(node((inner as Readonly<Record<string, unknown>>)[key]))
    const number = composite(1 + shape.number, members, shape.first)
    shape.first ??= members
    return number
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
    const shape = { number: shapes.length, keys, first: null }
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

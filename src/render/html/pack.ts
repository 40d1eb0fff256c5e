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

/** Pack a JSON value. */
export function pack(value: unknown): Compressed {
  const nodes: unknown[] = []
  const primitives = new Map<unknown, number>()
  const shapes: Shape[] = []
  // Shapes by their joined keys: [''] and [] join to the same text, so each name has a list.
  const shapesByName = new Map<string, Shape[]>()
  // Lists and objects by a hash of their numbers, because texts as keys would cost more memory than all the rest.
  const composites = new Map<number, number[]>()

  function node(inner: unknown): number {
    if (typeof inner === 'object' && inner !== null) return Array.isArray(inner) ? list(inner) : object(inner)
    const known = primitives.get(inner)
    if (known !== undefined) return known
    primitives.set(inner, nodes.length)
    return nodes.push(inner) - 1
  }

  function list(inner: readonly unknown[]): number {
    const members = inner.map(node)
    return composite(packed(0, members, null))
  }

  function object(inner: object): number {
    const shape = shapeOf(Object.keys(inner))
    const members = Object.values(inner).map(node)
    const number = composite(packed(1 + shape.number, members, shape.first))
    shape.first ??= members
    return number
  }

  function composite(numbers: readonly number[]): number {
    let hash = numbers.length
    for (const number of numbers) hash = Math.imul(hash ^ number, 0x01000193)
    const alike = composites.get(hash)
    const known = alike?.find((number) => sameMembers(nodes[number] as readonly number[], numbers))
    if (known !== undefined) return known
    if (alike) alike.push(nodes.length)
    else composites.set(hash, [nodes.length])
    return nodes.push(numbers) - 1
  }

  function shapeOf(keys: readonly string[]): Shape {
    const name = keys.join('\n')
    const alike = shapesByName.get(name) ?? []
    const known = alike.find((shape) => sameMembers(shape.keys, keys))
    if (known) return known
    const shape = { number: shapes.length, keys, first: null }
    shapes.push(shape)
    shapesByName.set(name, [...alike, shape])
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

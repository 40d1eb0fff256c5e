/** The text of the compressed evidence (raw DEFLATE in base64), inflated beside whatever else the page does. */
async function inflate(base64) {
  const letters = atob(base64)
  const bytes = new Uint8Array(letters.length)
  for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at)
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text()
}

/** Unpacks the value that src/render/html/pack.ts packed, on demand, so that a page of a thousand kernels opens at once. */
function unpacker({ shapes, nodes }) {
  const firsts = shapes.map((_, shape) => nodes.find((node) => Array.isArray(node) && node[0] === 1 + shape))

  /** The nodes of a composite's members, including the expected ones. */
  function membersOf([kind, ...numbers]) {
    const members = []
    const expected = () => kind === 0 ? members.at(-1) + 1 : firsts[kind - 1][1 + members.length]
    for (const number of numbers) {
      if (number >= 0) members.push(number)
      else for (let left = number; left < 0; left += 1) members.push(expected())
    }
    return members
  }

  /** The node of a member: an index of a list or a key of an object. */
  function member(node, key) {
    const [kind] = nodes[node]
    return membersOf(nodes[node])[kind === 0 ? key : shapes[kind - 1].indexOf(key)]
  }

  /** The whole value of a node. */
  function value(node) {
    if (!Array.isArray(nodes[node])) return nodes[node]
    const [kind] = nodes[node]
    const values = membersOf(nodes[node]).map(value)
    return kind === 0 ? values : Object.fromEntries(shapes[kind - 1].map((key, index) => [key, values[index]]))
  }

  return { root: nodes.length - 1, member, value }
}

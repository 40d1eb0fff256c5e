/** The parts of a mail: the only importer of the MIME parser. Bytes stay as they are, whatever their character set. */
import { buffer } from 'node:stream/consumers'
import type { MimeNode } from '@zone-eu/mailsplit'

export interface Part {
  /** Lower case: `text/plain`. */
  readonly type: string
  /** Whether it is a file of its own: it has a name, is attached, or is not text. */
  readonly isFile: boolean
  /** The name of that file; empty when it has none. */
  readonly name: string
  /** The header of the part as it came. */
  readonly header: Buffer
  /** Its content as it came, in its transfer encoding. */
  readonly body: Buffer
  /** Its content, decoded. */
  readonly decode: () => Promise<Buffer>
}

/** The header of a mail, and its parts without those that only hold others, in order. Throws nothing: bad MIME is one part. */
export async function partsOf(mail: Buffer): Promise<{ readonly header: Buffer; readonly parts: readonly Part[] }> {
  const found: { readonly node: MimeNode; readonly body: Buffer[] }[] = []
  // Loaded here, because it brings tables of every character set, and few commands read a mail.
  const { Splitter } = await import('@zone-eu/mailsplit')
  try {
    const splitter = new Splitter({ ignoreEmbedded: true })
    splitter.end(mail)
    for await (const chunk of splitter) {
      if (chunk.type === 'node') found.push({ node: chunk, body: [] })
      else if (chunk.type === 'body') found.at(-1)?.body.push(chunk.value)
    }
  } catch {
    return { header: Buffer.alloc(0), parts: [] }
  }
  const parts = found.filter(({ node }) => node.multipart === false).map(({ node, body }) => partOf(node, Buffer.concat(body)))
  return { header: headerOf(found[0]?.node), parts }
}

function partOf(node: MimeNode, body: Buffer): Part {
  const { filename, disposition, contentType } = node
  const type = contentType === false ? 'text/plain' : contentType.toLowerCase()
  const name = filename === false ? '' : filename
  const decode = () => {
    const decoder = node.getDecoder()
    decoder.end(body)
    return buffer(decoder)
  }
  const isFile = name !== '' || disposition === 'attachment' || !type.startsWith('text/')
  return { type, isFile, name, header: headerOf(node), body, decode }
}

/** The lines of a header as they came, with the empty line that ends it. */
function headerOf(node: MimeNode | undefined): Buffer {
  const built = node && node.headers !== false ? node.headers.build() : Buffer.alloc(0)
  return Buffer.from(built)
}

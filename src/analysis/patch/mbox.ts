/** Extracts patches from a file, a mail, or an mbox with a whole series. */

/** One patch, decoded. */
export interface MailedPatch {
  /** Without `[PATCH n/m]`; empty without a subject. */
  readonly subject: string
  /** Commits that it names as itself or its origin: hashes of 12 to 40 digits. */
  readonly commits: readonly string[]
  /** Message and changes, as `patch` reads them. */
  readonly text: string
}

const BEGIN = /^From \S+.*\d{4}(?: [+-]\d{4})?$/m
const CHANGE = /^(?:diff --git |--- .*\n\+\+\+ .*\n@@ )/m

/** The patches of a text, in the order of their numbers, without cover letters and replies. Empty without a change. */
export function parsePatches(text: string): MailedPatch[] {
  const whole = text.replaceAll('\r\n', '\n')
  const mails = whole.split(new RegExp(`(?=${BEGIN.source})`, 'm')).map(readMail)
  const patches = mails.filter((mail) => CHANGE.test(mail.text) && !/^re:/i.test(mail.rawSubject))
  const sorted = patches.every(({ number }) => number !== null)
    ? patches.toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0))
    : patches
  // `patch` rejects a patch whose last line has no line break.
  return sorted.map(({ subject, commits, text: own }) => ({ subject, commits, text: own.endsWith('\n') ? own : `${own}\n` }))
}

function readMail(mail: string) {
  const [head = '', ...rest] = mail.split(/\n\n/)
  const isMail = /^(?:From |[\w-]+: )/.test(mail) && /^(?:Subject|Message-I[dD]|From): /m.test(head)
  const text = isMail ? `${head}\n\n${decodeBody(rest.join('\n\n'), headerOf(head, 'content-transfer-encoding'))}` : mail
  const rawSubject = decodeWords(isMail ? headerOf(head, 'subject') : headerOf(beforeChange(mail), 'subject')).trim()
  const [, number] = /\[[^\]]*?\b(\d+)\/\d+\s*\]/.exec(rawSubject) ?? []
  return {
    text,
    rawSubject,
    subject: rawSubject.replace(/^(?:\[[^\]]*\]\s*)+/, ''),
    number: number === undefined ? null : Number(number),
    commits: commitsOf(beforeChange(text)),
  }
}

const beforeChange = (text: string) => text.slice(0, CHANGE.exec(text)?.index ?? text.length)

/** The value of a header, with its folded lines joined. */
function headerOf(head: string, name: string): string {
  const unfolded = head.replaceAll(/\n[ \t]+/g, ' ')
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(unfolded)?.[1] ?? ''
}

/** The commits that the message of a patch names as itself. */
function commitsOf(words: string): string[] {
  const patterns = [
    /^From ([0-9a-f]{40}) /gm,
    /\(cherry[ -]picked from commit ([0-9a-f]{12,40})\)/g,
    /^\s*\[?\s*(?:upstream )?commit ([0-9a-f]{12,40})(?: upstream|\s*\])/gim,
  ]
  const found = patterns.flatMap((pattern) => [...words.matchAll(pattern)].map(([, hash]) => hash ?? ''))
  return [...new Set(found)].filter((hash) => !/^0+$/.test(hash))
}

function decodeBody(body: string, encoding: string): string {
  // An mbox quotes a line that begins with From as >From.
  const plain = body.replaceAll(/^>(>*From )/gm, '$1')
  const kind = encoding.trim().toLowerCase()
  if (kind === 'base64') return Buffer.from(plain, 'base64').toString('utf8').replaceAll('\r\n', '\n')
  return kind === 'quoted-printable' ? decodeQuoted(plain.replaceAll(/=[ \t]*\n/g, '')) : plain
}

/** `=C3=A9` as UTF-8. */
function decodeQuoted(text: string): string {
  return text.replaceAll(/(?:=[0-9A-Fa-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString('utf8'))
}

/** `=?utf-8?q?...?=` in a header. */
function decodeWords(text: string): string {
  const joined = text.replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
  return joined.replaceAll(/=\?[\w-]+\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
    kind.toLowerCase() === 'b' ? Buffer.from(word, 'base64').toString('utf8') : decodeQuoted(word.replaceAll('_', ' ')),
  )
}

/** The source that the mails of test/golden/mails are for. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'

const numbered = (count: number, line: (number: number) => string) =>
  Array.from({ length: count }, (_, index) => `${line(index + 1)}\n`).join('')

const GADGET = 'int gadget(void)\n{\n\tint rc = 0;\n\n\trc = probe();\n\tif (rc)\n\t\treturn rc;\n\n\treturn 0;\n}\n'

const [HEAD, TAIL] = ['head', 'tail'].map((word) => numbered(10, (number) => `/* ${word} ${number} */`))

/** Contents by path, one character per byte. */
const FILES: Readonly<Record<string, string>> = {
  'mm/widget.c': numbered(60, (number) => `int line_${number}(void);`),
  'mm/a b.c': 'first();\nsecond();\nthird();\n',
  'mm/empty.h': '',
  'mm/ü.c': 'eins();\nzwei();\n',
  'fs/gadget.c': `${HEAD}\n${GADGET}\n${TAIL}`,
  'fs/dos.c': 'one();\r\ntwo();\r\nthree();\r\nfour();\r\n',
  'fs/end.c': 'alpha();\nomega();',
  'scripts/check.sh': '#!/bin/sh\necho one\necho two\necho three\n',
  'Documentation/credits.txt': 'alpha\nbeta\n\nJ\xfcrgen wrote this\n\ngamma\ndelta\nepsilon\n',
  'Documentation/notes.sql': '-- one\n-- two\nselect 3;\n-- four\n',
}

/** Write the source into an empty folder. */
export async function writeMailTree(folder: string): Promise<void> {
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, 'latin1')
  }
}

/** Make a git repository of it, with one commit. */
export async function commitMailTree(folder: string): Promise<void> {
  const git = (...args: string[]) =>
    runCommand('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args])
  await runCommand('git', ['init', '--quiet', '--template=', folder])
  await git('add', '--all')
  await git('-c', 'core.autocrlf=false', 'commit', '--quiet', '--message=start')
}

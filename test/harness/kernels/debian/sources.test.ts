import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  debianMirrors,
  parseDeb822Sources,
  parseOneLineSources,
  securityBeside,
} from '#harness/kernels/debian/archive/sources.ts'
import { anyCharacter } from '#test/helpers/guest-text.ts'

const DEB822 = `# the archive itself
Types: deb deb-src
URIs: http://mirror.example.org/debian/
Suites: bookworm bookworm-updates
# a comment inside
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://security.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://shop.example.com/debian
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/shop.gpg

Enabled: no
Types: deb
URIs: http://disabled.example.org/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://inline.example.com/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEabc
 -----END PGP PUBLIC KEY BLOCK-----
`

const ONE_LINE = `# deb http://old.example.org/debian bullseye main
deb [arch=amd64 signed-by=/etc/apt/keyrings/db.gpg] https://db.example.com/debian bookworm main
deb https://node.example.com/node_24.x nodistro main
deb cdrom:[Debian GNU/Linux 12.0.0 _Bookworm_]/ bookworm main
deb-src http://mirror.example.org/debian bookworm main
deb http://mirror.example.org/debian bookworm main contrib # with a remark
deb http://mirror.example.org/debian-security bookworm-security main
`

test('deb822 sources are parsed with continued fields and comments, without disabled ones', () => {
  const sources = parseDeb822Sources(DEB822)
  assert.deepEqual(
    sources.map(({ uri, suite }) => `${uri} ${suite}`),
    [
      'http://mirror.example.org/debian/ bookworm',
      'http://mirror.example.org/debian/ bookworm-updates',
      'https://security.example.org/debian-security bookworm-security',
      'https://shop.example.com/debian bookworm',
      'https://inline.example.com/debian bookworm',
    ],
  )
  assert.deepEqual(debianMirrors(sources), {
    main: 'http://mirror.example.org/debian',
    security: 'https://security.example.org/debian-security',
  })
})

test('one-line sources are parsed with their options, without other archives and source packages', () => {
  assert.deepEqual(debianMirrors(parseOneLineSources(ONE_LINE)), {
    main: 'http://mirror.example.org/debian',
    security: 'http://mirror.example.org/debian-security',
  })
})

test("a path that ends like Debian's is preferred over any other", () => {
  const odd = 'deb http://a.example.org/other bookworm main\ndeb http://b.example.org/x/debian sid main\n'
  assert.equal(debianMirrors(parseOneLineSources(odd)).main, 'http://b.example.org/x/debian')
  assert.equal(debianMirrors(parseOneLineSources(odd.split('\n')[0] ?? '')).main, 'http://a.example.org/other')
  assert.deepEqual(debianMirrors([]), { main: null, security: null })
  assert.equal(securityBeside('http://b.example.org/x/debian/'), 'http://b.example.org/x/debian-security')
})

test('the parsers throw for no text', () => {
  const lines = [...DEB822.split('\n'), ...ONE_LINE.split('\n')]
  const mixed = fc.array(fc.oneof(fc.constantFrom(...lines), fc.string({ unit: anyCharacter }))).map((list) => list.join('\n'))
  fc.assert(
    fc.property(mixed, (text) => {
      const { main } = debianMirrors([...parseDeb822Sources(text), ...parseOneLineSources(text)])
      assert.ok(main === null || !main.endsWith('/'))
    }),
  )
})

/** As much of the package ssh2 as kwitness uses. */
declare module 'ssh2' {
  import type { EventEmitter } from 'node:events'
  import type { Duplex, Readable } from 'node:stream'

  interface Channel extends Duplex {
    readonly stderr: Readable
    signal(name: string): boolean
    close(): void
  }

  interface Sftp {
    writeFile(path: string, data: Uint8Array, options: { mode: number }, done: (error?: Error | null) => void): void
    end(): void
  }

  interface ConnectOptions {
    readonly host: string
    readonly port: number
    readonly username: string
    readonly privateKey?: string
    readonly agent?: string
    readonly hostVerifier: (key: Buffer, verify: (isRight: boolean) => void) => void
    readonly algorithms: { readonly serverHostKey: readonly string[] }
    readonly readyTimeout: number
    readonly keepaliveInterval: number
    readonly keepaliveCountMax: number
  }

  class Client extends EventEmitter {
    connect(options: ConnectOptions): this
    exec(command: string, done: (error: Error | undefined, channel: Channel) => void): this
    sftp(done: (error: Error | undefined, sftp: Sftp) => void): this
    end(): this
    destroy(): this
  }

  const ssh2: {
    readonly Client: typeof Client
    readonly utils: {
      generateKeyPairSync(kind: 'ed25519', options?: { comment?: string }): { private: string; public: string }
      parseKey(text: string): object
    }
  }
  export default ssh2
  export type { Channel, Client, Sftp }
}

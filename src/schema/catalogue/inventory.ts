/** What `ansible-inventory --list` prints, as far as machines are named by it. */
import { z } from 'zod'
import { text } from '../basics.ts'

const value = z.union([text, z.number()]).exactOptional()

const variables = z.object({
  ansible_host: value,
  ansible_ssh_host: value,
  ansible_port: value,
  ansible_ssh_port: value,
  ansible_user: value,
  ansible_ssh_user: value,
})

/** The variables of each machine, by its name. */
export const ansibleInventorySchema = z
  .object({ _meta: z.object({ hostvars: z.record(text, variables) }) })
  .transform(({ _meta: { hostvars } }) => hostvars)

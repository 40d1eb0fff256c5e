/** Console logs with the splats a person reads in them. */
import type { Splat } from '#domain/splat.ts'
import { readConsole } from '#console/splat/reader.ts'
import { testGoldenLogs } from './golden.ts'

testGoldenLogs('console', '.log', (raw, options) => {
  const banners = options.find((option) => option.startsWith('banners '))
  const { reading } = readConsole(raw, banners ? { expectedBanners: Number(banners.slice('banners '.length)) } : {})
  const { splats, extraBanners, droppedMessages, badBytes } = reading
  return [
    ...(splats.length === 0 ? ['SPLAT: none'] : splats.map(splatLabel)),
    ...(extraBanners === 0 ? [] : [`EXTRA-BANNERS: ${extraBanners}`]),
    ...(droppedMessages === 0 ? [] : [`DROPPED: ${droppedMessages}`]),
    ...(badBytes === 0 ? [] : [`BAD-BYTES: ${badBytes}`]),
  ]
})

function splatLabel({ rule, severity, title, firstLine, lastLine }: Splat): string {
  return `SPLAT: ${severity} ${rule} "${title}" ${firstLine}-${lastLine}`
}

/**
 * Spans: how long each phase of a piece of work takes, published on a diagnostics channel for whoever subscribes. The subject of
 * a span is that of the asynchronous context it is in, so no function passes it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import type { PhaseName, Span, SpanListener, Subject } from '#domain/span.ts'

const spans = channel('kwitness.span')
const subjects = new AsyncLocalStorage<Subject | null>()
/** Before a run has kernels and cases, it is prepared. */
const NO_SUBJECT: Subject = { kernel: null, case: null, lane: 'prepare' }
const NOT_MEASURED: Disposable = { [Symbol.dispose]: () => {} }

/** Measure a phase to the end of the block, also when it throws: `using _ = startSpan('fetch')`. Await the work in that block. */
export function startSpan(name: PhaseName): Disposable {
  if (!spans.hasSubscribers) return NOT_MEASURED
  const store = subjects.getStore()
  if (store === null) return NOT_MEASURED
  const subject = store ?? NO_SUBJECT
  const start = performance.now()
  return { [Symbol.dispose]: () => spans.publish({ name, ...subject, start, end: performance.now() } satisfies Span) }
}

/** Measure one call as a phase, also when it throws. */
export async function inSpan<T>(name: PhaseName, work: () => Promise<T>): Promise<T> {
  using _ = startSpan(name)
  return await work()
}

/** Run work whose spans are of this subject; null for work that is part of another phase, and publishes no spans. */
export function withSubject<T>(subject: Subject | null, work: () => T): T {
  return subjects.run(subject, work)
}

/** Pass every span to `listener` until the returned object is disposed. */
export function listenToSpans(listener: SpanListener): Disposable {
  const onSpan = (span: unknown): void => listener(span as Span)
  spans.subscribe(onSpan)
  return { [Symbol.dispose]: () => void spans.unsubscribe(onSpan) }
}

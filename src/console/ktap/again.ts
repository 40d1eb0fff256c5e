/** A version line or a plan that comes once more: the next document begins, or a forked child flushed its copy of it. */
import type { ResultLine } from './result.ts'
import { append } from './line-buffer.ts'
import type { PlanLine } from './line.ts'
import { resultCount, type RawDocument } from './raw.ts'

/** Whether a plan is what a forked child flushed of another: it says the same. */
export function isCopy(plan: PlanLine, of: PlanLine): boolean {
  const { status, reason } = plan.directive
  return plan.first === of.first && plan.last === of.last && status === of.directive.status && reason === of.directive.reason
}

/** It was a copy: nothing came behind it. */
export function forgetAgain(document: RawDocument): void {
  if (document.again === null) return
  append(document.notes, `(line ${document.again.line}: the ${document.again.version ? 'version line' : 'plan'} is said again)`)
  document.again = null
}

/** Whether no further result belongs to a document: what comes behind a second version line is of the next. */
export function isDone(document: RawDocument): boolean {
  return document.plan === null || resultCount(document) >= document.plan.last
}

/**
 * Whether a result goes on in a document whose version line or plan came once more: its number is the next one and there
 * is room for it. Else the next document began there.
 */
export function goesOn(document: RawDocument, said: ResultLine): boolean {
  const { again, plan } = document
  const came = resultCount(document)
  if (again?.plan && again.plan.last !== plan?.last) return false
  const room = plan === null ? came > 0 : came < plan.last
  return room && said.number === came + 1
}

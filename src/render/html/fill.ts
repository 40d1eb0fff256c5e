/** Pages out of templates: filled by Handlebars, with style, script and a policy that allows these alone. */
import { createHash } from 'node:crypto'
import type Handlebars from 'handlebars'
// @ts-expect-error: the package has types for its main entry alone, which takes 44 files to load where this one takes one.
import bundle from 'handlebars/dist/handlebars.js'
import { InvariantError } from '#domain/errors.ts'
import type { HtmlAssets } from './assets.ts'

const { compile, escapeExpression } = bundle as typeof Handlebars

/** Templates by their text: a site fills the same one for hundreds of pages. */
const compiled = new Map<string, HandlebarsTemplateDelegate>()

/**
 * A page from a template and its values, with style and script inside. It escapes every value except `evidence` and `cells`. Only
 * a page that is served may connect, and to its server alone.
 */
export function fillPage(assets: HtmlAssets, values: object, isServed = false): string {
  const template = compiled.get(assets.template) ?? compile(assets.template, { strict: true, knownHelpersOnly: true })
  compiled.set(assets.template, template)
  const css = inlined(assets.css, 'style')
  const js = inlined(assets.js, 'script')
  return template({ ...values, css, js, policy: policyFor(css, js, isServed) })
}

/** A text as markup, escaped as templates do it. */
export const escapeText = (text: string): string => escapeExpression(text)

/** A policy that allows only this style and script, by their hashes, and connections to the server of a page that has one. */
function policyFor(css: string, js: string, isServed: boolean): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const sources = [
    `script-src ${hash(js)}`,
    `style-src ${hash(css)}`,
    'img-src data:',
    ...(isServed ? ["connect-src 'self'"] : []),
  ]
  return ["default-src 'none'", ...sources, "base-uri 'none'", "form-action 'none'"].join('; ')
}

/** An asset between its tags, unchanged, so that its hash is valid. Throws InvariantError if it would end the element. */
function inlined(text: string, element: 'style' | 'script'): string {
  if (text.toLowerCase().includes(`</${element}`)) throw new InvariantError(`the ${element} of the page would end itself`)
  return text
}

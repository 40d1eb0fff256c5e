/** Addresses inside the page; reports/templates/page.js follows them. */

/** The link to a cell. */
export function cellLink(kernel: string, theCase: string): string {
  return `#cell=${encodeURIComponent(kernel)}/${encodeURIComponent(theCase)}`
}

/** The link to a filter. */
export function filterLink(query: string): string {
  return `#q=${encodeURIComponent(query)}`
}

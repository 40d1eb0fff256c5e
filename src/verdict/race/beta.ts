/** The regularised incomplete beta function, which gives the tails of the binomial distribution. */

/** ln Gamma(x) for x > 0: Stirling's series (DLMF 5.11.1) above 16, where it converges to rounding error. */
function lnGamma(x: number): number {
  let shift = 0
  let z = x
  for (; z < 16; z += 1) shift += Math.log(z)
  const inverse = 1 / (z * z)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / z
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift
}

/** The continued fraction of DLMF 8.17.22 by the modified Lentz method; converges fast for x < (a + 1) / (a + b + 2). */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 100_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    fraction *= c * d
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    const step = c * d
    fraction *= step
    if (Math.abs(step - 1) < 1e-15) break
  }
  return fraction
}

/**
 * I_x(a, b) for a, b > 0 and x in [0, 1]. For whole numbers k and n, I_x(k, n - k + 1) is the probability of at least k hits in
 * n trials of probability x.
 */
export function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const lnFront = lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x)
  return x < (a + 1) / (a + b + 2)
    ? (Math.exp(lnFront) * betaFraction(a, b, x)) / a
    : 1 - (Math.exp(lnFront) * betaFraction(b, a, 1 - x)) / b
}

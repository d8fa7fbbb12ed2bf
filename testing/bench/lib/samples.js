/** @typedef {{ median: number, low: number, high: number }} Summary the median, and the quartiles around it */

/** @param {readonly number[]} samples @returns {Summary} */
export function summary(samples) {
  return { median: quantile(samples, 0.5), low: quantile(samples, 0.25), high: quantile(samples, 0.75) }
}

/**
 * How many times `theirs` is `ours`: round by round, so that what disturbs the machine for a while disturbs both.
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs
 */
export function ratio(ours, theirs) {
  return summary(ours.map((sample, round) => sample / (theirs[round] ?? NaN)))
}

/** @param {readonly number[]} samples @param {number} q */
export function quantile(samples, q) {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? NaN
  const above = sorted[Math.ceil(at)] ?? NaN
  return below + (above - below) * (at - Math.floor(at))
}

/**
 * Measures contestants in turns: ours, peer, ours, peer ...
 * @template {string} Name
 * @param {number} rounds
 * @param {Record<Name, () => Promise<number>>} contestants
 * @returns {Promise<Record<Name, number[]>>}
 */
export async function interleaved(rounds, contestants) {
  const names = /** @type {Name[]} */ (Object.keys(contestants))
  const samples = /** @type {Record<Name, number[]>} */ ({})
  for (const name of names) samples[name] = []
  for (let round = 0; round < rounds; round++) {
    // Each goes first in every other round.
    for (const name of round % 2 === 0 ? names : names.toReversed())
      samples[name].push(await contestants[name]())
  }
  return samples
}

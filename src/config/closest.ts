/**
 * The candidate that is nearest to a word by edit distance, if it is near enough to be a slip of the hand; else one
 * that the word begins with, or that begins with the word.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length * 0.4)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best ?? candidates.find((candidate) => isBeginning(candidate, word) || isBeginning(word, candidate))
}

function isBeginning(part: string, whole: string): boolean {
  return part.length >= 3 && whole.toLowerCase().startsWith(part.toLowerCase())
}

/** Damerau's distance in its restricted form: insertions, deletions, substitutions, and swaps of neighbours. */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const substituted = previous[column - 1]! + (left[row - 1] === right[column - 1] ? 0 : 1)
      let distance = Math.min(previous[column]! + 1, current[column - 1]! + 1, substituted)
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) distance = Math.min(distance, beforePrevious[column - 2]! + 1)
      current.push(distance)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length]!
}

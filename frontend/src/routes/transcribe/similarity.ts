/** The cosine of the angle between two vectors, −1 to 1; null if they cannot be compared. */
export function cosine(one: readonly number[], other: readonly number[]): number | null {
  if (one.length !== other.length || one.length === 0) return null;
  let [product, first, second] = [0, 0, 0];
  for (const [at, value] of one.entries()) {
    const beside = other[at] ?? 0;
    product += value * beside;
    first += value * value;
    second += beside * beside;
  }
  const size = Math.sqrt(first * second);
  return size > 0 ? product / size : null;
}

/** How many characters of an address always stay in sight at its end: most names are shorter. */
const TAIL = 22;
/** An address that is shorter than this has no middle worth cutting. */
const SHORT = 25;

/**
 * An address in two parts: the first is cut where the column is too narrow for both, so that the module and the
 * resource's own name stay in sight. The parts meet at a dot or a bracket where there is one near.
 */
export function cut(address: string): [head: string, tail: string] {
  const letters = [...address];
  if (letters.length <= SHORT) return [address, ''];
  const from = letters.length - TAIL;
  const near = letters.slice(from, from + TAIL - 8).findIndex((letter) => '.[/:'.includes(letter));
  const at = near === -1 ? from : from + near;
  return [letters.slice(0, at).join(''), letters.slice(at).join('')];
}

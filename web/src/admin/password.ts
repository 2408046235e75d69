/** Makes a first password that can be read over the telephone: no letters or digits that look alike. */
const SIGNS = 'abcdefghjkmnpqrstuvwxyz23456789'
const GROUPS = 4
const GROUP = 4

/** Four groups of four, such as `k7mt-w2pe-…`: 79 bits. `random` fills an array, as the browser's does. */
export function makePassword(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  const signs: string[] = []
  // Bytes past the last whole multiple are thrown away, so that no sign is likelier than another.
  const fair = 256 - (256 % SIGNS.length)
  while (signs.length < GROUPS * GROUP)
    for (const byte of random(new Uint8Array(32)))
      if (byte < fair && signs.length < GROUPS * GROUP) signs.push(SIGNS[byte % SIGNS.length] ?? '')
  return Array.from({ length: GROUPS }, (_, at) =>
    signs.slice(at * GROUP, (at + 1) * GROUP).join(''),
  ).join('-')
}

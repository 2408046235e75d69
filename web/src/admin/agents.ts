/** A browser and its system in two words, out of the long line it calls itself by. */
const BROWSERS: readonly (readonly [sign: RegExp, name: string])[] = [
  [/Edg\/([\d]+)/, 'Edge'],
  [/Firefox\/([\d]+)/, 'Firefox'],
  [/QQBrowser\/([\d]+)/, 'QQ'],
  [/Chrome\/([\d]+)/, 'Chrome'],
  [/Version\/([\d]+).*Safari/, 'Safari'],
]
const SYSTEMS: readonly (readonly [sign: RegExp, name: string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]

/** `Chrome 120 · Windows`; what is not known is shown by its first forty signs. */
export function browserWords(agent: string): string {
  for (const [sign, name] of BROWSERS) {
    const version = sign.exec(agent)?.[1]
    if (version === undefined) continue
    const system = SYSTEMS.find(([mark]) => mark.test(agent))?.[1]
    return [`${name} ${version}`, system].filter(Boolean).join(' · ')
  }
  return agent.slice(0, 40) || '—'
}

/** Every diagram of the pages under docs/ is one that mermaid, which draws them, can read. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import mermaid from 'mermaid'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const pages = readdirSync(join(root, 'docs'), { encoding: 'utf8', recursive: true })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)

const diagrams = ['README.md', ...pages].flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/```mermaid\n(.*?)```/gs)].map(
    (found, index) => ({ name: `${page} ${index + 1}`, text: found[1] ?? '' }),
  ),
)

describe('diagrams of the pages', () => {
  it('are there to be looked at', () => {
    expect(diagrams.length).toBeGreaterThan(5)
  })

  it.each(diagrams)('$name', async ({ text }) => {
    await expect(mermaid.parse(text)).resolves.toHaveProperty('diagramType')
  })

  it('would be refused, were they wrong', async () => {
    await expect(mermaid.parse('stateDiagram-v2\n    draft -> open')).rejects.toThrow()
  })
})

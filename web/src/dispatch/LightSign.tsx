/** Green, amber, red: colour, shape and word. */
import { CheckCircleFilled, CloseCircleFilled, ExclamationCircleFilled } from '@ant-design/icons'
import styles from './LightSign.module.css'
import type { Light } from './lines'
import { useWords } from './words'

const LIGHTS = {
  green: [CheckCircleFilled, 'may'],
  amber: [ExclamationCircleFilled, 'amber'],
  red: [CloseCircleFilled, 'mayNot'],
} as const

export function LightSign({ light, why }: { light: Light; why: string }) {
  const t = useWords()
  const [Sign, word] = LIGHTS[light]
  const said = t(word, { why })
  return <Sign className={styles[light]} title={said} aria-label={said} />
}

/** The services of the desk as chips: how many wait, urgent with a sign, and why one may take none. */
import { StopOutlined, ThunderboltFilled } from '@ant-design/icons'
import { useCatalogue } from '../requests/api'
import { serviceLabel } from '../requests/names'
import type { ServiceChip } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './Chips.module.css'
import { useWords } from './words'

interface Props {
  services: readonly ServiceChip[]
  chosen: string
  onService: (code: string) => void
}

export function Chips({ services, chosen, onService }: Props) {
  const t = useWords()
  const catalogue = useCatalogue()
  return (
    <fieldset className={styles.chips}>
      <legend className="visually-hidden">{t('services')}</legend>
      <button
        type="button"
        className={styles.chip}
        aria-pressed={chosen === ''}
        onClick={() => onService('')}
      >
        {t('anyService')}
      </button>
      {services.map((each) => (
        <button
          key={each.code}
          type="button"
          className={`${styles.chip} ${each.why_not ? styles.barred : ''}`}
          aria-pressed={chosen === each.code}
          title={each.why_not ? t('whyNot', { why: pick(each.why_not) }) : undefined}
          onClick={() => onService(chosen === each.code ? '' : each.code)}
        >
          {each.why_not ? <StopOutlined aria-label={t('notYours')} /> : null}
          {serviceLabel(catalogue, each.code)}
          {each.pressing > 0 ? (
            <span className={styles.urgent}>
              <ThunderboltFilled aria-hidden /> {each.pressing}
              <span className="visually-hidden">{t('pressing', { n: each.pressing })}</span>
            </span>
          ) : null}
          <span className={styles.count}>{each.total}</span>
        </button>
      ))}
    </fieldset>
  )
}

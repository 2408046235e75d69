/** Who presents the case, taking and handing it over; whether one follows or looks freely. */
import { Button, Dropdown, Tag } from 'antd'
import type { MinutesOut } from '../../shared/schema'
import { type Signal, useMembers } from '../signal'
import styles from './CasePanel.module.css'
import { nameOf } from './useNotes'
import type { Stage } from './usePresenting'
import { apartOf, type Shown } from './views'
import { useWords } from './words'

export interface Both {
  found: MinutesOut
  signal: Signal
  stage: Stage
  free: boolean
  onFree: (free: boolean) => void
}

type Props = Both & { leads: (member: string) => boolean }

export function Presenter(props: Props) {
  return props.stage.mine ? <Own {...props} /> : <Others {...props} />
}

function Own({ found, signal, stage }: Props) {
  const t = useWords()
  const members = useMembers(signal)
  const others = members.filter((one) => one.id !== signal.me && one.state === 'present')
  return (
    <>
      <Tag color="processing" role="status" data-presenting>
        {t('presenting')}
      </Tag>
      <span className={styles.who} role="status">
        <Apart shown={stage.shown} first />
      </span>
      <span className={styles.gap} />
      {others.length > 0 ? (
        <Dropdown
          trigger={['click']}
          menu={{
            items: others.map((one) => ({ key: one.id, label: nameOf(found, members, one.id) })),
            onClick: ({ key }) => stage.pass(key),
          }}
        >
          <Button size="small">{t('handOver')}</Button>
        </Dropdown>
      ) : null}
      <Button size="small" onClick={() => stage.pass(null)}>
        {t('stopPresenting')}
      </Button>
    </>
  )
}

function Others({ found, signal, stage, free, onFree, leads }: Props) {
  const t = useWords()
  const members = useMembers(signal)
  const somebody = stage.presenter !== null
  const name = stage.presenter === null ? '' : nameOf(found, members, stage.presenter)
  const take = () => {
    onFree(false)
    stage.pass(signal.me)
  }
  return (
    <>
      <span className={styles.who} role="status">
        {somebody ? t('presenter', { name }) : t('nobodyPresents')}
        <Apart shown={free ? null : stage.shown} />
      </span>
      <span className={styles.gap} />
      {somebody ? (
        <Button
          size="small"
          type={free ? 'primary' : 'default'}
          data-following={!free}
          onClick={() => onFree(!free)}
        >
          {t(free ? 'follow' : 'free')}
        </Button>
      ) : null}
      {stage.may ? (
        <Button size="small" onClick={take}>
          {t(somebody && leads(signal.me ?? '') ? 'takeOver' : 'present')}
        </Button>
      ) : null}
    </>
  )
}

/** What of it each sees for themselves, in words: nobody is to believe that all see the same. */
function Apart({ shown, first = false }: { shown: Shown | null; first?: boolean }) {
  const t = useWords()
  const apart = apartOf(shown)
  if (apart === null) return null
  return (
    <span data-apart={apart}>
      {first ? '' : ' · '}
      {t(`apart-${apart}`)}
    </span>
  )
}

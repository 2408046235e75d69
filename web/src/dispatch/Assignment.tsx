/** How cases are given out here: off, suggested or by the rule, for each service; readers' terms. */
import { ControlOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { App, Button, Drawer, InputNumber, Segmented, Skeleton, Switch, Tooltip } from 'antd'
import { useState } from 'react'
import { Moment } from '../shared/Moment'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords } from '../shared/problem'
import { queryClient } from '../shared/queries'
import type { AssignmentOut, ReaderTermsOut, ServiceModeOut } from '../shared/schema'
import { pick } from '../shared/words'
import styles from './Assignment.module.css'
import { assignmentQuery, setMode, setTerms } from './api'
import { Gone } from './Gone'
import { useWords } from './words'

/** The button says in a word how it stands; behind it everything is set. */
export function AssignmentButton() {
  const t = useWords()
  const [open, setOpen] = useState(false)
  const { data, error, refetch } = useQuery(assignmentQuery)
  const auto = data?.services.filter((each) => each.mode === 'auto').length ?? 0
  const suggest = data?.services.filter((each) => each.mode === 'suggest').length ?? 0
  const stuck = data?.services.reduce((sum, each) => sum + each.waiting, 0) ?? 0
  return (
    <>
      <Button size="small" icon={<ControlOutlined />} onClick={() => setOpen(true)}>
        {auto + suggest === 0 ? t('byHand') : t('byRule', { auto, suggest })}
        {stuck > 0 ? <span className={styles.stuck}> {t('stuck', { n: stuck })}</span> : null}
      </Button>
      <Drawer open={open} size={680} title={t('assignment')} onClose={() => setOpen(false)}>
        {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
        {data ? <Settings shown={data} /> : error ? null : <Skeleton active />}
      </Drawer>
    </>
  )
}

function Settings({ shown }: { shown: AssignmentOut }) {
  const t = useWords()
  return (
    <>
      <p className={styles.teach}>{t('assignmentTeach')}</p>
      <ul className={styles.lines}>
        {shown.services.map((each) => (
          <ServiceLine key={each.service} each={each} modes={shown.modes} />
        ))}
      </ul>
      <h3 className={styles.sub}>{t('terms')}</h3>
      <p className={styles.teach}>{t('termsTeach')}</p>
      <ul className={styles.lines}>
        {shown.readers.map((each) => (
          <TermsLine key={each.person_id} each={each} />
        ))}
      </ul>
      <Gone />
      <p className={styles.teach}>{t('ruleName', { rule: shown.rule })}</p>
    </>
  )
}

/** What the server says after a change is what is shown. */
function useSetting<Given>(set: (given: Given) => Promise<AssignmentOut>) {
  const t = useWords()
  const { message } = App.useApp()
  return useMutation({
    mutationFn: set,
    onSuccess: (after) => {
      queryClient.setQueryData(assignmentQuery.queryKey, after)
      void message.success({ key: 'assignment', content: t('settingKept') })
    },
    onError: (error) => void message.error(problemWords(error).what),
  })
}

function ServiceLine({ each, modes }: { each: ServiceModeOut; modes: AssignmentOut['modes'] }) {
  const t = useWords()
  const set = useSetting((given: Pick<ServiceModeOut, 'mode' | 'overflow'>) =>
    setMode(each.service, given),
  )
  return (
    <li className={styles.line}>
      <span className={styles.name}>
        {pick(each.label)}
        {each.waiting > 0 ? (
          <span className={styles.stuck}> {t('stuck', { n: each.waiting })}</span>
        ) : null}
      </span>
      <Segmented
        size="small"
        aria-label={t('modeOf', { service: pick(each.label) })}
        disabled={set.isPending}
        value={each.mode}
        options={modes.map((mode) => ({ value: mode.code, label: pick(mode.label) }))}
        onChange={(mode) =>
          set.mutate({ mode: mode as ServiceModeOut['mode'], overflow: each.overflow })
        }
      />
      <Tooltip title={t('overflowTeach')}>
        <span className={styles.switch}>
          <Switch
            size="small"
            aria-label={t('overflowOf', { service: pick(each.label) })}
            disabled={each.mode !== 'auto' || set.isPending}
            checked={each.overflow}
            onChange={(overflow) => set.mutate({ mode: each.mode, overflow })}
          />{' '}
          {t('overflow')}
        </span>
      </Tooltip>
      {each.changed_at ? (
        <span className={styles.by}>
          {each.changed_by} <Moment at={each.changed_at} />
        </span>
      ) : null}
    </li>
  )
}

const FIGURES = ['in_hand', 'in_shift', 'share'] as const

function TermsLine({ each }: { each: ReaderTermsOut }) {
  const t = useWords()
  const set = useSetting((given: Pick<ReaderTermsOut, (typeof FIGURES)[number]>) =>
    setTerms(each.person_id, given),
  )
  const { in_hand, in_shift, share } = each
  return (
    <li className={styles.line}>
      <span className={styles.name}>
        {each.name} <span className={styles.by}>{pick(each.title)}</span>
      </span>
      {FIGURES.map((figure) => (
        <label key={figure} className={styles.figure} htmlFor={`${each.person_id}-${figure}`}>
          {t(figure)}
          <InputNumber
            id={`${each.person_id}-${figure}`}
            size="small"
            className={styles.number ?? ''}
            min={figure === 'share' ? 5 : 0.5}
            max={figure === 'share' ? 100 : 1000}
            placeholder={t('asFile')}
            disabled={set.isPending}
            value={figure === 'share' ? Math.round(share * 100) : each[figure]}
            changeOnBlur
            onChange={(given) => {
              const value = figure === 'share' ? (given ?? 100) / 100 : given
              if (value !== each[figure]) set.mutate({ in_hand, in_shift, share, [figure]: value })
            }}
          />
        </label>
      ))}
    </li>
  )
}

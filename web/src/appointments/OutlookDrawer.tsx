/** What a week is likely to bring, and whether the hours that are kept will hold it. */
import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Drawer, Skeleton, Tooltip } from 'antd'
import { Fragment, useState } from 'react'
import { dayAfter, dayOf, mondayOf, weekday } from '../roster/days'
import { dateWords, weekdayWords } from '../roster/words'
import { Empty } from '../shared/Empty'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import type { GroupOut, NeedOut, OutlookOut } from '../shared/schema'
import { outlookQuery } from './api'
import styles from './OutlookDrawer.module.css'
import { useOutlookWords } from './outlookWords'

const WEEKS_AHEAD = 7

export function OutlookDrawer({ onClose }: { onClose: () => void }) {
  const t = useOutlookWords()
  const first = mondayOf(dayOf(serverNow()))
  const [weeks, setWeeks] = useState(1)
  const monday = dayAfter(first, 7 * weeks)
  const { data, error, refetch } = useQuery(outlookQuery(monday))
  return (
    <Drawer open size={1040} title={t('title')} onClose={onClose}>
      <div className={styles.bar}>
        <Button
          aria-label={t('before')}
          icon={<LeftOutlined />}
          disabled={weeks === 0}
          onClick={() => setWeeks(weeks - 1)}
        />
        <strong aria-live="polite">
          {dateWords(monday)} – {dateWords(dayAfter(monday, 6))}
        </strong>
        <Button
          aria-label={t('after')}
          icon={<RightOutlined />}
          disabled={weeks === WEEKS_AHEAD}
          onClick={() => setWeeks(weeks + 1)}
        />
      </div>
      {error ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <Skeleton active paragraph={{ rows: 6 }} /> : null}
      {data ? <Outlook data={data} /> : null}
    </Drawer>
  )
}

function Outlook({ data }: { data: OutlookOut }) {
  const t = useOutlookWords()
  const groups = [...data.experts, { ...data.rooms, name: t('rooms') }]
  const told = groups.some((group) => group.cells.some((cell) => cell.forecast !== null))
  const blocks = blocksOf(groups)
  if (blocks.length === 0) return <Empty title={t('none')} teach={t('noneTeach')} />
  const lacking = groups.flatMap((group) =>
    group.cells.filter((cell) => cell.lacks).map((cell) => ({ group, cell })),
  )
  return (
    <>
      {told ? <Said lacking={lacking} /> : <Alert type="info" showIcon title={t('noneTeach')} />}
      <div className={styles.scroll}>
        <Table groups={groups} blocks={blocks} />
      </div>
      <p className={styles.more}>{t('how')}</p>
      {data.unmet.waits || data.unmet.calls ? (
        <p className={styles.more}>
          {t('unmet', { waits: data.unmet.waits ?? 0, calls: data.unmet.calls ?? 0 })}
        </p>
      ) : null}
    </>
  )
}

/** One sentence on top: where hours lack. */
function Said({ lacking }: { lacking: readonly { group: GroupOut; cell: NeedOut }[] }) {
  const t = useOutlookWords()
  if (lacking.length === 0) return <Alert type="success" showIcon title={t('enough')} />
  const named = lacking
    .slice(0, 4)
    .map(({ group, cell }) => `${whenWords(cell, t)} ${group.name}`)
    .join(t('and'))
  return (
    <Alert
      type="warning"
      showIcon
      title={t(lacking.length > 4 ? 'lackMore' : 'lack', { what: named, n: lacking.length })}
    />
  )
}

type Say = ReturnType<typeof useOutlookWords>

function whenWords(cell: NeedOut, t: Say): string {
  return `${weekdayWords(weekday(cell.day))}${t(cell.block as Block)}`
}

const BLOCKS = ['morning', 'afternoon', 'evening'] as const
type Block = (typeof BLOCKS)[number]

/** Evenings that nobody asks for and nobody works in need no row. */
function blocksOf(groups: readonly GroupOut[]): Block[] {
  return BLOCKS.filter((block) =>
    groups.some((group) =>
      group.cells.some((c) => c.block === block && (c.need > 0 || c.have > 0 || c.booked > 0)),
    ),
  )
}

function Table({ groups, blocks }: { groups: readonly GroupOut[]; blocks: readonly Block[] }) {
  const t = useOutlookWords()
  const days = [...new Set(groups[0]?.cells.map((cell) => cell.day))]
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">{t('group')}</th>
          <th scope="col">{t('half')}</th>
          {days.map((day) => (
            <th key={day} scope="col">
              {weekdayWords(weekday(day))}
              <br />
              <span className={styles.date}>{dateWords(day)}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <Fragment key={group.key}>
            {blocks.map((block, n) => (
              <tr key={block} className={n === 0 ? styles.first : undefined}>
                {n === 0 ? (
                  <th scope="rowgroup" rowSpan={blocks.length}>
                    {group.name}
                    <br />
                    <span className={styles.date}>
                      {t('each', { n: Math.round(group.minutes) })}
                    </span>
                  </th>
                ) : null}
                <th scope="row">{t(block)}</th>
                {group.cells
                  .filter((cell) => cell.block === block)
                  .map((cell) => (
                    <Cell key={cell.day} cell={cell} />
                  ))}
              </tr>
            ))}
          </Fragment>
        ))}
      </tbody>
    </table>
  )
}

function Cell({ cell }: { cell: NeedOut }) {
  const t = useOutlookWords()
  const hours = (cell.have / 60).toFixed(1).replace('.0', '')
  const range = cell.forecast
    ? t('likely', {
        low: cell.forecast.low,
        high: cell.forecast.high,
        mean: cell.forecast.mean.toFixed(1),
      })
    : t('unknown')
  return (
    <td className={cell.lacks ? styles.lacks : undefined}>
      <Tooltip title={`${range}；${t('booked', { n: cell.booked })}`}>
        {cell.need === 0 && cell.have === 0 ? (
          <span className={styles.date}>—</span>
        ) : (
          <span className={styles.cell}>
            {/* Without a forecast and a booking nobody knows: that is no need of nobody. */}
            {cell.forecast || cell.need > 0 ? (
              <span>
                {cell.lacks ? `${t('short')} ` : ''}
                {t('need', { n: cell.need })}
              </span>
            ) : null}
            <span className={styles.date}>{t('have', { hours })}</span>
          </span>
        )}
      </Tooltip>
    </td>
  )
}

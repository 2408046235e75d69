/** The lists of the desk and the saved filters, each with its live count; urgent ones with a sign. */
import {
  DeleteOutlined,
  DownOutlined,
  EditOutlined,
  FilterOutlined,
  HeartOutlined,
  PushpinFilled,
  SwapOutlined,
  TeamOutlined,
  ThunderboltFilled,
  UpOutlined,
} from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { App, Button, Dropdown } from 'antd'
import { Link } from 'react-router'
import { useMay } from '../session/session'
import type { FilterOut, WorklistOut } from '../shared/schema'
import { UndoLink } from '../shared/UndoLink'
import {
  deleteFilter,
  filtersQuery,
  keepSettings,
  restoreFilter,
  type Tab,
  useSettings,
} from './api'
import styles from './Rail.module.css'
import { useWords } from './words'

interface Props {
  tabs: readonly Tab[]
  tab: Tab
  filter: string
  counts: WorklistOut['counts'] | undefined
  onTab: (tab: Tab) => void
  onFilter: (filter: FilterOut) => void
  onEdit: (filter: FilterOut | null) => void
}

export function Rail({ tabs, tab, filter, counts, onTab, onFilter, onEdit }: Props) {
  const t = useWords()
  const writes = useMay('write-reports')
  const filters = useFilters()
  const name = useTabName()
  return (
    <nav className={styles.rail} aria-label={t('lists')}>
      <div
        role="tablist"
        aria-orientation="vertical"
        aria-label={t('title')}
        className={styles.group}
      >
        {tabs.map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            aria-selected={filter === '' && each === tab}
            className={styles.item}
            onClick={() => onTab(each)}
          >
            <span className={styles.name}>{name(each)}</span>
            {each === 'pool' ? (
              <>
                <Kept n={counts?.kept ?? 0} />
                <Urgent n={counts?.pressing ?? 0} />
              </>
            ) : null}
            <Count n={counts?.[each]} known={counts !== undefined} />
          </button>
        ))}
      </div>
      <div className={styles.head}>
        <h2 className={styles.title}>{t('filters')}</h2>
        <Button
          type="text"
          size="small"
          icon={<FilterOutlined />}
          aria-label={t('newFilter')}
          title={t('newFilter')}
          onClick={() => onEdit(null)}
        />
      </div>
      {filters.length === 0 ? <p className={styles.teach}>{t('filtersTeach')}</p> : null}
      <ul className={styles.group}>
        {filters.map((each, index) => (
          <li key={each.id} className={styles.saved}>
            <button
              type="button"
              aria-pressed={each.id === filter}
              className={styles.item}
              title={each.mine ? each.name : t('sharedBy', { who: each.owner })}
              onClick={() => onFilter(each)}
            >
              <span className={styles.name}>
                {each.audience ? <TeamOutlined aria-label={t('shared')} /> : null} {each.name}
              </span>
              <Urgent n={each.pressing} />
              <Count n={each.total} known />
            </button>
            <FilterMenu
              filter={each}
              order={filters.map((one) => one.id)}
              index={index}
              onEdit={onEdit}
            />
          </li>
        ))}
      </ul>
      <Link className={styles.handover} to="/handover">
        <SwapOutlined aria-hidden /> {t('handover')}
      </Link>
      {writes ? (
        <Link className={styles.handover} to="/outcomes">
          <HeartOutlined aria-hidden /> {t('outcomes')}
        </Link>
      ) : null}
    </nav>
  )
}

/** What a list is called: who moves work sees everybody's where a reader sees their own. */
export function useTabName(): (tab: Tab) => string {
  const t = useWords()
  const own = useMay('write-reports')
  return (tab) =>
    t(own || (tab !== 'assigned' && tab !== 'reserved') ? tab : (`${tab}All` as const))
}

/** In the person's own order; those that were never put anywhere come last. */
export function useFilters(): FilterOut[] {
  const { data } = useQuery(filtersQuery)
  const order = useSettings()?.filter_order ?? []
  const place = (id: string) => (order.includes(id) ? order.indexOf(id) : order.length)
  return [...(data?.items ?? [])].sort((a, b) => place(a.id) - place(b.id))
}

/** What stands in the list without being free. */
function Kept({ n }: { n: number }) {
  const t = useWords()
  if (n === 0) return null
  return (
    <span className={styles.kept} title={t('kept', { n })}>
      <PushpinFilled aria-hidden /> {n}
      <span className="visually-hidden">{t('kept', { n })}</span>
    </span>
  )
}

function Urgent({ n }: { n: number }) {
  const t = useWords()
  if (n === 0) return null
  return (
    <span className={styles.urgent} title={t('pressing', { n })}>
      <ThunderboltFilled aria-hidden /> {n}
      <span className="visually-hidden">{t('pressing', { n })}</span>
    </span>
  )
}

/** The archive only grows: it is counted for those who look at it. */
function Count({ n, known }: { n: number | undefined; known: boolean }) {
  if (known && n === undefined) return null
  return <span className={styles.count}>{n?.toLocaleString() ?? '…'}</span>
}

interface MenuProps {
  filter: FilterOut
  order: string[]
  index: number
  onEdit: (filter: FilterOut) => void
}

function FilterMenu({ filter, order, index, onEdit }: MenuProps) {
  const t = useWords()
  const { message } = App.useApp()
  const move = (by: number) => {
    const next = order.filter((id) => id !== filter.id)
    next.splice(index + by, 0, filter.id)
    keepSettings({ filter_order: next })
  }
  const remove = async () => {
    await deleteFilter(filter.id)
    void message.info({
      key: 'filter',
      duration: 8,
      content: (
        <>
          {t('filterDeleted', { name: filter.name })}{' '}
          <UndoLink undo={() => restoreFilter(filter.id)} of="filter" />
        </>
      ),
    })
  }
  const items = [
    { key: 'up', icon: <UpOutlined />, label: t('moveUp'), disabled: index === 0 },
    {
      key: 'down',
      icon: <DownOutlined />,
      label: t('moveDown'),
      disabled: index === order.length - 1,
    },
    ...(filter.mine
      ? [
          { key: 'edit', icon: <EditOutlined />, label: t('editFilter') },
          { key: 'delete', icon: <DeleteOutlined />, label: t('deleteFilter'), danger: true },
        ]
      : []),
  ]
  const act = (key: string) => {
    if (key === 'up') move(-1)
    else if (key === 'down') move(1)
    else if (key === 'edit') onEdit(filter)
    else void remove()
  }
  return (
    <Dropdown trigger={['click']} menu={{ items, onClick: ({ key }) => act(key) }}>
      <Button
        type="text"
        size="small"
        className={styles.more}
        aria-label={t('filterMenu', { name: filter.name })}
      >
        ⋯
      </Button>
    </Dropdown>
  )
}

/**
 * The doors of the top bar: as many as there is room for, the others behind one that says so.
 *
 * Their widths differ by language, so they are measured in a row that nobody sees.
 */
import { EllipsisOutlined } from '@ant-design/icons'
import { Dropdown } from 'antd'
import { type ComponentType, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { NavLink, useLocation, useNavigate } from 'react-router'
import { language } from '../shared/words'
import styles from './Doors.module.css'
import { fitting } from './fitting'
import type { Place } from './routes'
import { useWords } from './words'

interface Props {
  places: readonly Place[]
  icons: Record<Place['label'], ComponentType>
}

/** On a phone the doors share the bottom; more than five are too small for a thumb. */
const AT_THE_BOTTOM = 5
const phone = window.matchMedia('(max-width: 640px)')

export function Doors({ places, icons }: Props) {
  const t = useWords()
  const go = useNavigate()
  const { pathname } = useLocation()
  const [row, hidden, fits] = useFitting(places)
  const shown = places.slice(0, fits)
  const behind = places.slice(fits)
  const isBehind = behind.some((place) => isAt(pathname, place.path))
  return (
    <nav ref={row} className={styles.doors} aria-label={t('nav')}>
      {shown.map((place) => (
        <NavLink key={place.path} to={place.path} className={doorClass}>
          <Door place={place} icons={icons} />
        </NavLink>
      ))}
      {behind.length > 0 ? (
        <Dropdown
          trigger={['click']}
          menu={{
            selectedKeys: behind.filter((p) => isAt(pathname, p.path)).map((p) => p.path),
            items: behind.map((place) => ({ key: place.path, label: t(place.label) })),
            onClick: ({ key }) => void go(key),
          }}
        >
          <button type="button" className={doorClass({ isActive: isBehind })}>
            <EllipsisOutlined aria-hidden /> <span>{t('more')}</span>
          </button>
        </Dropdown>
      ) : null}
      <div ref={hidden} className={styles.measure} aria-hidden>
        {places.map((place) => (
          <span key={place.path} className={styles.door}>
            <Door place={place} icons={icons} />
          </span>
        ))}
        <span className={styles.door}>
          <EllipsisOutlined /> <span>{t('more')}</span>
        </span>
      </div>
    </nav>
  )
}

function Door({ place, icons }: { place: Place; icons: Props['icons'] }) {
  const t = useWords()
  const Icon = icons[place.label]
  return (
    <>
      <Icon aria-hidden /> <span>{t(place.label)}</span>
    </>
  )
}

function isAt(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(`${path}/`)
}

function doorClass({ isActive }: { isActive: boolean }): string {
  return `${styles.door} ${isActive ? styles.here : ''}`
}

/** The row, the measuring row, and how many doors fit. */
function useFitting(places: readonly Place[]) {
  const row = useRef<HTMLElement>(null)
  const hidden = useRef<HTMLDivElement>(null)
  const [fits, setFits] = useState(places.length)
  const spoken = language()
  const count = places.length
  const measure = useRef(() => {})
  measure.current = () => {
    if (row.current === null || hidden.current === null) return
    const widths = [...hidden.current.children].map((each) => each.getBoundingClientRect().width)
    setFits(
      phone.matches
        ? count > AT_THE_BOTTOM
          ? AT_THE_BOTTOM - 1
          : count
        : fitting(widths, row.current.clientWidth),
    )
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: words of another language are wider
  useLayoutEffect(() => measure.current(), [count, spoken])
  useEffect(() => {
    if (row.current === null) return
    const watch = new ResizeObserver(() => measure.current())
    watch.observe(row.current)
    void document.fonts.ready.then(() => measure.current())
    return () => watch.disconnect()
  }, [])
  return [row, hidden, fits] as const
}

/**
 * The region as tiles: the same numbers as the table, where they are.
 *
 * Cities are one tile each; counties stand as small tiles inside their city's. A supervisor of one
 * city sees its counties by name. Tint is never alone: every tile carries its name and number.
 */
import page from '../shared/page.module.css'
import type { TallyRow } from '../shared/schema'
import { language } from '../shared/words'
import type { ColumnOf } from './columns'
import { DASH, valueWords } from './numbers'
import styles from './TileMap.module.css'
import { CITY_NAMES, CLASSES, classBounds, classOf, shortArea, TILE_ROWS } from './tiles'
import { useWords } from './words'

interface Props {
  by: 'city' | 'county'
  /** The supervisor's area-code prefix: 45 is the whole region. */
  region: string
  rows: readonly TallyRow[]
  column: ColumnOf
  picked: string
  onPick: (row: TallyRow) => void
}

export function TileMap(props: Props) {
  const { by, region, rows, column } = props
  const t = useWords()
  const bounds = classBounds(rows.map((row) => row.values[column.indicator]))
  const tile: TileFace = { ...props, bounds }
  const oneCity = region.length >= 4
  const title = t(by === 'city' ? 'mapCities' : 'mapCounties', { name: column.label })
  return (
    <section className={styles.panel} aria-label={title}>
      <header className={styles.head}>
        <h2 className={page.subtitle}>{column.label}</h2>
        <span className={styles.note} title={t('map')}>
          {t('mapShort')}
        </span>
      </header>
      {oneCity ? <Flow {...tile} /> : <Cities {...tile} />}
      <Legend bounds={bounds} kind={column.kind} />
    </section>
  )
}

interface TileFace extends Props {
  bounds: readonly number[]
}

/** Areas of one city, by name, in the order of their codes. */
function Flow(props: TileFace) {
  return (
    <div className={styles.flow}>
      {byCode(props.rows).map((row) => (
        <Tile key={row.key} {...props} row={row} name={shortArea(row.name)} />
      ))}
    </div>
  )
}

function Cities(props: TileFace) {
  const cells = TILE_ROWS.flatMap((line, y) => line.map((code, x) => ({ code, spot: `${y}.${x}` })))
  return (
    <div className={styles.grid}>
      {cells.map(({ code, spot }) =>
        code === null ? (
          <span key={spot} />
        ) : props.by === 'city' ? (
          <CityTile key={spot} {...props} code={code} />
        ) : (
          <CityOfCounties key={spot} {...props} code={code} />
        ),
      )}
    </div>
  )
}

function CityTile({ code, ...props }: TileFace & { code: string }) {
  const row = props.rows.find((each) => each.key === code)
  return <Tile {...props} row={row} name={cityName(code)} />
}

function CityOfCounties({ code, ...props }: TileFace & { code: string }) {
  const counties = byCode(props.rows.filter((row) => row.key.startsWith(code.slice(0, 4))))
  return (
    <fieldset className={styles.city}>
      <legend>{cityName(code)}</legend>
      <div className={styles.counties}>
        {counties.map((row) => (
          <Tile key={row.key} {...props} row={row} name={row.name} tiny />
        ))}
      </div>
    </fieldset>
  )
}

interface TileProps extends TileFace {
  row: TallyRow | undefined
  name: string
  tiny?: boolean
}

function Tile({ row, name, column, bounds, picked, onPick, tiny = false }: TileProps) {
  const t = useWords()
  const value = row?.values[column.indicator]
  const words = row === undefined ? DASH : valueWords(value, column.kind)
  const tint = classOf(value, bounds)
  const title = row === undefined ? `${name}：${t('noPlace')}` : `${row.name}：${words}`
  const look = [
    tiny ? styles.tiny : styles.tile,
    tint === null ? styles.missing : styles[`c${tint}`],
    row !== undefined && row.key === picked ? styles.picked : '',
  ]
  return (
    <button
      type="button"
      className={look.join(' ')}
      title={title}
      aria-label={tiny ? title : undefined}
      aria-pressed={row !== undefined && row.key === picked}
      disabled={row === undefined}
      onClick={() => row && onPick(row)}
    >
      {tiny ? null : (
        <>
          <span className={styles.tileName}>{name}</span>
          <span className={styles.tileValue}>{words}</span>
        </>
      )}
    </button>
  )
}

function Legend({ bounds, kind }: { bounds: readonly number[]; kind: string }) {
  const t = useWords()
  return (
    <ul className={styles.legend} aria-label={t('legend')}>
      <li>
        <span className={`${styles.swatch} ${styles.missing}`} aria-hidden /> {t('legendMissing')}
      </li>
      <li>
        <span className={`${styles.swatch} ${styles.c0}`} aria-hidden /> 0
      </li>
      {bounds.map((bound, at) => (
        <li key={bound}>
          <span
            className={`${styles.swatch} ${styles[`c${CLASSES - (bounds.length - 1 - at)}`]}`}
            aria-hidden
          />{' '}
          ≤ {valueWords(bound, kind)}
        </li>
      ))}
    </ul>
  )
}

function cityName(code: string): string {
  return CITY_NAMES[code]?.[language() === 'en' ? 1 : 0] ?? code
}

function byCode(rows: readonly TallyRow[]): TallyRow[] {
  return [...rows].sort((a, b) => a.key.localeCompare(b.key))
}

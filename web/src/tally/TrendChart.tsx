/**
 * The drawing of a trend: bars for counts, lines for durations and shares.
 *
 * A missing month is a gap with a dash under it, never a zero. Colours are the theme's, read from
 * the page when drawn; pictures are SVG, so they stay sharp and print.
 */
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, TooltipComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import { useDark } from '../app/useDark'
import { isSum, monthWords, valueWords } from './numbers'
import styles from './TrendPanel.module.css'
import { say } from './words'

use([BarChart, LineChart, GridComponent, TooltipComponent, SVGRenderer])

export interface Series {
  name: string
  values: (number | null)[]
  /** Drawn lighter: the companion of the number looked at. */
  faint: boolean
}

interface Props {
  months: string[]
  series: Series[]
  kind: string
}

export default function TrendChart({ months, series, kind }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const [dark] = useDark()
  useEffect(() => {
    if (place.current === null) return
    const chart = init(place.current, null, { renderer: 'svg' })
    chart.setOption(optionOf({ months, series, kind }, inkOf(place.current, dark)))
    const watch = new ResizeObserver(() => chart.resize())
    watch.observe(place.current)
    return () => {
      watch.disconnect()
      chart.dispose()
    }
  }, [months, series, kind, dark])
  return <div ref={place} className={styles.canvas} aria-hidden />
}

interface Ink {
  accent: string
  faint: string
  text: string
  line: string
  ground: string
  dark: boolean
}

function inkOf(element: HTMLElement, dark: boolean): Ink {
  const style = getComputedStyle(element)
  const read = (name: string) => style.getPropertyValue(`--ant-${name}`).trim()
  return {
    accent: read('color-primary'),
    faint: read('color-primary-border'),
    text: read('color-text-secondary'),
    line: read('color-border-secondary'),
    ground: read('color-bg-elevated'),
    dark,
  }
}

function optionOf({ months, series, kind }: Props, ink: Ink): EChartsCoreOption {
  const missing = months.map((_, at) => series.every((each) => each.values[at] === null))
  return {
    animation: false,
    grid: { left: 4, right: 8, top: 16, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis',
      confine: true,
      backgroundColor: ink.ground,
      borderColor: ink.line,
      textStyle: { color: ink.text, fontSize: 12 },
      formatter: (points: { dataIndex: number }[]) =>
        tipOf(months, series, kind, points[0]?.dataIndex ?? 0),
    },
    xAxis: {
      type: 'category',
      data: months.map((month, at) => `${axisMonth(month, at)}${missing[at] ? '\n—' : ''}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: ink.line } },
      axisLabel: { color: ink.text, fontSize: 11, interval: 0, hideOverlap: true, lineHeight: 14 },
    },
    yAxis: {
      type: 'value',
      min: 0,
      minInterval: kind === 'count' ? 1 : 0,
      splitNumber: 3,
      splitLine: { lineStyle: { color: ink.line } },
      axisLabel: {
        color: ink.text,
        fontSize: 11,
        formatter: (value: number) => axisWords(value, kind),
      },
    },
    series: series.map((each) => ({
      name: each.name,
      type: isSum(kind) ? 'bar' : 'line',
      data: each.values,
      connectNulls: false,
      symbolSize: 6,
      showSymbol: true,
      barMaxWidth: 18,
      color: each.faint ? ink.faint : ink.accent,
      lineStyle: { width: each.faint ? 1.5 : 2, type: each.faint ? 'dashed' : 'solid' },
    })),
  }
}

/** Numbers of the months, and the year where one begins: 11 … 2026/1 …. */
function axisMonth(month: string, at: number): string {
  const number = Number(month.slice(5))
  return at === 0 || number === 1 ? `${month.slice(2, 4)}/${number}` : String(number)
}

function axisWords(value: number, kind: string): string {
  return kind === 'share' ? `${Math.round(value * 100)}%` : valueWords(value, kind)
}

/** Plain text and numbers only: names of series come from our own tables. */
function tipOf(months: string[], series: Series[], kind: string, at: number): string {
  const lines = series.map((each) => {
    const value = each.values[at] ?? null
    return `${each.name}：<b>${value === null ? say('trendGap') : valueWords(value, kind)}</b>`
  })
  return [monthWords(months[at] ?? ''), ...lines].join('<br/>')
}

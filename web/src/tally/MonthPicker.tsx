/** One month: the one before, the one after, or any of the list. */
import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Select, Space } from 'antd'
import styles from './MonthPicker.module.css'
import { monthAfter, monthsBetween, monthWords } from './numbers'
import { useWords } from './words'

interface Props {
  month: string
  /** The first month with anything counted; null before there is one. */
  first: string | null
  last: string
  onChange: (month: string) => void
}

export function MonthPicker(props: Props) {
  const t = useWords()
  const { month, first, last, onChange } = props
  const months = monthsBetween(first !== null && first < month ? first : month, last)
  return (
    <Space.Compact>
      <Button
        icon={<LeftOutlined aria-hidden />}
        aria-label={t('before')}
        title={t('before')}
        disabled={first === null || month <= first}
        onClick={() => onChange(monthAfter(month, -1))}
      />
      <Select
        aria-label={t('month')}
        className={styles.select ?? ''}
        value={month}
        options={months.map((each) => ({ value: each, label: monthWords(each) }))}
        onChange={onChange}
      />
      <Button
        icon={<RightOutlined aria-hidden />}
        aria-label={t('after')}
        title={t('after')}
        disabled={month >= last}
        onClick={() => onChange(monthAfter(month, 1))}
      />
    </Space.Compact>
  )
}

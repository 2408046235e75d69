/** A patient in one line: name, sex, age. The server masks the name where the role asks for it. */
import styles from './PatientLine.module.css'
import { defineWords } from './words'

const { useWords } = defineWords('patient', {
  M: ['男', 'M'],
  F: ['女', 'F'],
  O: ['其他', 'other'],
  U: ['性别未知', 'sex unknown'],
  noName: ['未填患者', 'no patient yet'],
})

interface Props {
  name: string
  sex: string
  age: string
}

export function PatientLine({ name, sex, age }: Props) {
  const t = useWords()
  if (!name) return <span className={styles.none}>{t('noName')}</span>
  const sexWord = sex === 'M' || sex === 'F' || sex === 'O' ? t(sex) : t('U')
  return (
    <span className={styles.line}>
      <strong className={styles.name}>{name}</strong>
      <span className={styles.more}>
        {sexWord}
        {age ? ` · ${age}` : ''}
      </span>
    </span>
  )
}

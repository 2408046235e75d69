/** 中文 / English, named in itself so that whoever needs it can read it. */
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { changeLanguage, language } from '../shared/words'

export function LanguageSwitch() {
  useTranslation()
  const other = language() === 'zh' ? 'en' : 'zh'
  return (
    <Button type="text" size="small" lang={other} onClick={() => changeLanguage(other)}>
      {other === 'en' ? 'English' : '中文'}
    </Button>
  )
}

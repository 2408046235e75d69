/** What a person sees when a page breaks or does not exist. The frame around it stays. */
import { CompassOutlined, ToolOutlined } from '@ant-design/icons'
import { Button, Space } from 'antd'
import { useRouteError } from 'react-router'
import { Empty } from '../shared/Empty'
import { toProblem } from '../shared/problem'
import { useWords } from './words'

export function PageFailed({ missing = false }: { missing?: boolean }) {
  const t = useWords()
  const error = useRouteError()
  if (missing)
    return (
      <Empty
        icon={<CompassOutlined />}
        title={t('notFound')}
        teach={t('notFoundTeach')}
        action={<Button href="/">{t('home')}</Button>}
      />
    )
  // A page's file that is gone means that a new version was put in place under an open tab.
  const outdated = error instanceof TypeError && /import|module/i.test(error.message)
  return (
    <Empty
      icon={<ToolOutlined />}
      title={t('failedTitle')}
      teach={
        outdated
          ? t('failedNew')
          : `${t('failedKept')} (${toProblem(error).body.facts.detail ?? ''})`
      }
      action={
        <Space>
          <Button type="primary" onClick={() => location.reload()}>
            {t('reload')}
          </Button>
          <Button href="/">{t('home')}</Button>
        </Space>
      }
    />
  )
}

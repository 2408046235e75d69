/** Who changed what of an agreement and when, the newest first; the latest of a part goes back. */
import { useMutation } from '@tanstack/react-query'
import { App, Button } from 'antd'
import { Moment } from '../shared/Moment'
import { problemWords } from '../shared/problem'
import { queryClient } from '../shared/queries'
import type { AgreementPage, CatalogueOut } from '../shared/schema'
import styles from './AgreementDrawer.module.css'
import { agreementQuery, undoChange } from './api'
import { Terms } from './Terms'
import { useWords } from './words'

interface Props {
  shown: AgreementPage
  catalogue: CatalogueOut
}

export function AgreementHistory({ shown, catalogue }: Props) {
  const t = useWords()
  const { message } = App.useApp()
  const id = shown.agreement.id
  const undo = useMutation({
    mutationFn: (n: number) => undoChange(id, { revision: shown.revision, n }),
    onSuccess: () => void message.success(t('undone')),
    onError: (error) => {
      void message.error(problemWords(error).what)
      void queryClient.invalidateQueries({ queryKey: agreementQuery(id).queryKey })
    },
  })
  if (shown.changes.length === 0) return <p className={styles.teach}>{t('historyNone')}</p>
  return (
    <ol className={styles.history} aria-label={t('history')}>
      {shown.changes.map((each) => (
        <li key={each.n} className={styles.change}>
          <div className={styles.who}>
            <span>
              {each.n}. {t(each.part === 'rank' ? 'changedRank' : 'changedTerms')} · {each.by} ·{' '}
              {each.institution} · <Moment at={each.at} />
              {each.undoes === null ? '' : ` · ${t('undoes', { n: each.undoes })}`}
            </span>
            {each.may_undo ? (
              <Button size="small" loading={undo.isPending} onClick={() => undo.mutate(each.n)}>
                {t('undo')}
              </Button>
            ) : null}
          </div>
          {each.part === 'rank' ? (
            <span className="tabular">
              {t('previewRank', { before: each.rank_before ?? '', after: each.rank_after ?? '' })}
            </span>
          ) : (
            <div className={styles.beforeAfter}>
              <Terms terms={each.terms_before} catalogue={catalogue} />
              <span aria-hidden>→</span>
              <Terms terms={each.terms_after} catalogue={catalogue} />
            </div>
          )}
        </li>
      ))}
    </ol>
  )
}

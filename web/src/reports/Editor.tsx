/** Where the report is written: template, the service's own fields, findings, impression, outcome. */
import { useQuery } from '@tanstack/react-query'
import { Alert, App, Button, Input, Radio, Select, type SelectProps } from 'antd'
import { type RefObject, useRef, useState } from 'react'
import { catalogueQuery, useService } from '../requests/api'
import { FieldRow } from '../requests/fields'
import { useAutosave } from '../shared/autosave'
import { usePageKeys } from '../shared/keys'
import { ProblemNotice } from '../shared/ProblemNotice'
import { queryClient } from '../shared/queries'
import { SaveSign } from '../shared/SaveSign'
import type { Field, RequestOut, Section, VersionOut } from '../shared/schema'
import { pick } from '../shared/words'
import { reportQuery, saveDraft } from './api'
import {
  asksOutcome,
  blanks,
  fittingTemplates,
  lacking,
  reasonsOf,
  type Written,
  withTemplate,
  writtenOf,
} from './content'
import styles from './Editor.module.css'
import { useWords } from './editorWords'
import { useInserts } from './inserts'
import { SignDialog } from './SignDialog'

interface Props {
  item: RequestOut
  draft: VersionOut
  onSigned: () => void
}

export function Editor({ item, draft, onSigned }: Props) {
  const t = useWords()
  const { written, change, view, flush, revision, again } = useReportDraft(item.id, draft)
  const [signing, setSigning] = useState(false)
  const service = useService(item.service)
  const form = service?.report_form ?? []
  const tight = form.flatMap((section) => section.fields).length > MANY_FIELDS
  const fault = signingFault(written, lacking(written, form, draft.kind), t)
  const { reason, asked } = reasonsOf(draft)
  useInserts(item.id, (words) =>
    change({ ...written, findings: [written.findings, words].filter(Boolean).join('\n') }),
  )
  const templates = useRef<HTMLDivElement>(null)
  const { message } = App.useApp()
  const ask = () => {
    if (fault) void message.warning(fault)
    else setSigning(true)
  }
  usePageKeys([
    { combo: 'Ctrl+Enter', label: t('keySign'), run: ask },
    {
      combo: 'Alt+T',
      label: t('keyTemplate'),
      run: () => templates.current?.querySelector('input')?.focus(),
    },
    ...dangerKeys(form, (grade) =>
      change({ ...written, fields: { ...written.fields, danger_grade: grade } }),
    ),
  ])
  return (
    <div className={styles.editor}>
      {reason ? (
        <Alert
          className={styles.wide}
          type="info"
          showIcon
          title={t(draft.kind === 'addendum' ? 'adding' : 'amending', { reason })}
        />
      ) : null}
      {asked ? (
        <Alert
          className={styles.wide}
          type="warning"
          showIcon
          title={t('sentBack', { note: asked })}
        />
      ) : null}
      <TemplatePicker place={templates} item={item} written={written} change={change} />
      {view.state === 'stopped' ? (
        <div className={styles.wide}>
          <ProblemNotice error={view.error} kept={t('keptStale')} onRetry={again} />
        </div>
      ) : null}
      {form
        .flatMap((section) => section.fields)
        .map((field) => (
          <Part
            key={field.key}
            field={field}
            tight={tight}
            item={item}
            written={written}
            change={change}
          />
        ))}
      {asksOutcome(form) ? null : <Critical item={item} written={written} change={change} />}
      <footer className={styles.foot}>
        <SaveSign view={view} />
        <Button type="primary" onClick={ask} title="Ctrl+Enter">
          {item.four_eyes ? t('signFirst') : t('sign')} <kbd className={styles.key}>Ctrl ↵</kbd>
        </Button>
      </footer>
      <SignDialog
        open={signing}
        how="sign"
        item={item}
        before={flush}
        revision={revision}
        onClose={() => setSigning(false)}
        onSigned={onSigned}
      />
    </div>
  )
}

/** The words on the screen, on their way to the server with the revision they were based on. */
function useReportDraft(id: string, draft: VersionOut) {
  const [written, setWritten] = useState(() => writtenOf(draft.content))
  const based = useRef(draft.revision)
  const { keeper, view } = useAutosave<Written>(async (wanted) => {
    const after = await saveDraft(id, { revision: based.current, content: wanted })
    based.current = after.revision
  }, Date.parse(draft.updated_at))
  const change = (next: Written) => {
    setWritten(next)
    keeper.change(next)
  }
  const again = () =>
    void queryClient.fetchQuery({ ...reportQuery(id), staleTime: 0 }).then((report) => {
      const newest = report.versions.find((version) => version.id === draft.id)
      if (newest) based.current = newest.revision
      keeper.change(written)
    })
  return {
    written,
    change,
    view,
    again,
    flush: () => keeper.flush(),
    revision: () => based.current,
  }
}

function signingFault(
  written: Written,
  missing: string[],
  t: ReturnType<typeof useWords>,
): string | null {
  if (missing.length > 0) return t('incomplete', { list: missing.join('、') })
  const left = blanks(written)
  return left > 0 ? t('blanks', { n: left }) : null
}

interface PartProps {
  item: RequestOut
  written: Written
  change: (next: Written) => void
}

function TemplatePicker({
  item,
  written,
  change,
  place,
}: PartProps & { place: RefObject<HTMLDivElement | null> }) {
  const t = useWords()
  const { message } = App.useApp()
  const { data: catalogue } = useQuery(catalogueQuery)
  if (!catalogue) return null
  const templates = fittingTemplates(catalogue, item)
  const put = (code: string) => {
    const template = templates.find((each) => each.code === code)
    if (!template) return
    change(withTemplate(written, template))
    const undo = () => change(written)
    void message.info({
      key: 'template',
      duration: 6,
      content: (
        <>
          {t('templateReplace')}{' '}
          <Button type="link" size="small" onClick={undo}>
            {t('undo')}
          </Button>
        </>
      ),
    })
  }
  return (
    <div ref={place} className={styles.wide}>
      <Select
        className={styles.full}
        showSearch={{ optionFilterProp: 'label' }}
        value={null}
        placeholder={t('template')}
        aria-label={t('template')}
        options={templates.map((each) => ({ value: each.code, label: pick(each.label) }))}
        onChange={put as SelectProps['onChange']}
      />
    </div>
  )
}

const ROWS = { findings: [7, 4], impression: [3, 2] } as const
/** A form with more fields than this leaves less room for each text. */
const MANY_FIELDS = 8

/** A field of the report in its place in the form. */
interface FieldPartProps extends PartProps {
  field: Field
  tight: boolean
}

function Part({ field, tight, item, written, change }: FieldPartProps) {
  const { key } = field
  if (key === 'positive') return <Outcome item={item} written={written} change={change} />
  if (key !== 'findings' && key !== 'impression')
    return (
      <FieldRow
        field={field}
        missing={false}
        value={written.fields[key]}
        onChange={(value) => change({ ...written, fields: { ...written.fields, [key]: value } })}
      />
    )
  return (
    <div className={styles.wide}>
      <label htmlFor={`report-${key}`} className={styles.label}>
        {pick(field.label)}
      </label>
      <Input.TextArea
        id={`report-${key}`}
        className={styles.text}
        value={written[key]}
        maxLength={field.max_length}
        autoSize={{ minRows: ROWS[key][tight ? 1 : 0], maxRows: 28 }}
        onChange={(event) => change({ ...written, [key]: event.target.value })}
      />
    </div>
  )
}

function Outcome({ item, written, change }: PartProps) {
  const t = useWords()
  return (
    <div className={styles.outcome}>
      <Radio.Group
        optionType="button"
        aria-label={t('positive')}
        value={written.positive}
        options={[
          { value: true, label: t('yes') },
          { value: false, label: t('no') },
        ]}
        onChange={(event) => change({ ...written, positive: event.target.value as boolean })}
      />
      <Critical item={item} written={written} change={change} judged />
    </div>
  )
}

/** The service's critical findings; where it has no such list there is nothing to mark. */
function Critical({ item, written, change, judged = false }: PartProps & { judged?: boolean }) {
  const t = useWords()
  const { data: catalogue } = useQuery(catalogueQuery)
  const findings =
    catalogue?.critical_findings.filter((each) => each.service === item.service) ?? []
  if (findings.length === 0) return null
  const mark = (critical: string[]) =>
    change({
      ...written,
      critical,
      positive: judged && critical.length > 0 ? true : written.positive,
    })
  return (
    <>
      <Select
        className={styles.critical}
        mode="multiple"
        maxTagCount="responsive"
        showSearch={{ optionFilterProp: 'label' }}
        status={written.critical.length > 0 ? 'error' : ''}
        placeholder={t('addCritical')}
        aria-label={t('critical')}
        value={written.critical}
        options={findings.map((each) => ({ value: each.code, label: pick(each.label) }))}
        onChange={mark}
      />
      {written.critical.length > 0 ? <p className={styles.warn}>{t('criticalHint')}</p> : null}
    </>
  )
}

/** Where the service grades danger, Alt+1 to Alt+5 set it, also while typing. */
function dangerKeys(form: readonly Section[], set: (grade: string) => void) {
  const field = form
    .flatMap((section) => section.fields)
    .find((each) => each.key === 'danger_grade')
  return (field?.options ?? []).flatMap((option) =>
    ['', 'Alt+'].map((held) => ({
      combo: `${held}${option.value}`,
      label: pick(option.label),
      run: () => set(option.value),
    })),
  )
}

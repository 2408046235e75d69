/** A report as it was issued: the newest words above, what was replaced folded away, every signature named. */
import { SafetyCertificateOutlined } from '@ant-design/icons'
import { Collapse } from 'antd'
import { Link } from 'react-router'
import { isLong, words } from '../requests/RequestContent'
import { Moment } from '../shared/Moment'
import type {
  Field,
  ReportOut,
  Section,
  ServiceTypeOut,
  SignatureOut,
  VersionOut,
} from '../shared/schema'
import { OutcomeTag } from '../shared/tags'
import { pick } from '../shared/words'
import { reasonsOf } from './content'
import styles from './ReportView.module.css'
import { useWords } from './words'

interface Props {
  report: ReportOut
  /** Whose fields and names the report uses. */
  service: ServiceTypeOut | undefined
}

const COMMON = new Set(['findings', 'impression', 'positive'])

export function ReportView({ report, service }: Props) {
  const t = useWords()
  const final = report.versions.filter((version) => version.state === 'final')
  const { current, later, earlier, replaced } = arrange(final)
  const waiting = report.versions.find((version) => version.state === 'preliminary')
  if (current === undefined && waiting === undefined) return null
  return (
    <div className={styles.report}>
      {/* What waits for a second signature stands first: nobody signs what they have not seen. */}
      {waiting ? <Version version={waiting} service={service} /> : null}
      {[...later, ...(current ? [current] : []), ...earlier].map((version) => (
        <Version key={version.id} version={version} service={service} />
      ))}
      {replaced.length > 0 ? (
        <Collapse
          ghost
          size="small"
          items={[
            {
              key: 'earlier',
              label: t('earlier'),
              children: replaced.map((version) => (
                <Version key={version.id} version={version} service={service} superseded />
              )),
            },
          ]}
        />
      ) : null}
    </div>
  )
}

/**
 * The newest original or amendment stands; older ones are replaced. What was added to it stands
 * above it, what had been added before it below.
 */
export function arrange(final: readonly VersionOut[]): {
  current: VersionOut | undefined
  later: VersionOut[]
  earlier: VersionOut[]
  replaced: VersionOut[]
} {
  const newestFirst = [...final].sort((a, b) => b.number - a.number)
  const whole = newestFirst.filter((version) => version.kind !== 'addendum')
  const addenda = newestFirst.filter((version) => version.kind === 'addendum')
  const current = whole[0]
  const isLater = (version: VersionOut) => version.number > (current?.number ?? 0)
  return {
    current,
    later: addenda.filter(isLater),
    earlier: addenda.filter((version) => !isLater(version)),
    replaced: whole.slice(1),
  }
}

interface VersionProps {
  version: VersionOut
  service: ServiceTypeOut | undefined
  superseded?: boolean
}

function Version({ version, service, superseded = false }: VersionProps) {
  const t = useWords()
  const { reason } = reasonsOf(version)
  const kind = version.kind === 'addendum' || version.kind === 'amendment' ? version.kind : null
  return (
    <article className={`${styles.version} ${superseded ? styles.superseded : ''}`}>
      <header className={styles.head}>
        {kind ? <h3 className={styles.kind}>{t(kind)}</h3> : null}
        <OutcomeTag positive={version.content.positive ?? null} />
        {version.state === 'preliminary' ? (
          <span className={styles.note}>{t('preliminary')}</span>
        ) : null}
        {superseded ? <span className={styles.note}>{t('superseded')}</span> : null}
      </header>
      {reason ? <p className={styles.note}>{t('reason', { text: reason })}</p> : null}
      {service?.report_form.map((section) => (
        <SectionText key={section.key} version={version} section={section} />
      ))}
      <footer className={styles.foot}>
        <Signature
          label={service ? pick(service.author_label) : t('author')}
          signature={version.author}
        />
        <Signature label={t('verifier')} signature={version.verifier} />
        {version.verification_code ? (
          <span className={styles.code}>
            <SafetyCertificateOutlined aria-hidden /> {t('code')}{' '}
            <Link to={`/verify/${version.verification_code}`} target="_blank">
              {version.verification_code}
            </Link>
          </span>
        ) : null}
      </footer>
    </article>
  )
}

function Text({ label, text, strong = false }: { label: string; text: string; strong?: boolean }) {
  if (!text) return null
  return (
    <section>
      <h4 className={styles.label}>{label}</h4>
      <p className={`${styles.text} ${strong ? styles.strong : ''}`}>{text}</p>
    </section>
  )
}

/** A section of the report in the form's order: texts as texts, the others as a line of facts. */
function SectionText({ version, section }: { version: VersionOut; section: Section }) {
  const { content } = version
  const given = content.fields ?? {}
  const facts = section.fields.filter(
    (field) => !COMMON.has(field.key) && !isLong(field) && words(field, given[field.key]) !== '',
  )
  return (
    <>
      {section.fields.map((field) =>
        isLong(field) ? (
          <Text
            key={field.key}
            label={pick(field.label)}
            text={
              field.key === 'findings' || field.key === 'impression'
                ? (content[field.key] ?? '')
                : words(field, given[field.key])
            }
            strong={field.key === 'impression'}
          />
        ) : null,
      )}
      {facts.length > 0 ? (
        <dl className={styles.fields}>
          {facts.map((field) => (
            <div key={field.key}>
              <dt>{pick(field.label)}</dt>
              <dd>{factWords(field, given[field.key])}</dd>
            </div>
          ))}
        </dl>
      ) : null}
    </>
  )
}

function factWords(field: Field, value: unknown): string {
  const text = words(field, value)
  return field.unit ? `${text} ${field.unit}` : text
}

function Signature({ label, signature }: { label: string; signature: SignatureOut | null }) {
  if (signature === null) return null
  return (
    <span>
      {label} <strong>{signature.name}</strong> {pick(signature.title)} ·{' '}
      <Moment at={signature.at} />
    </span>
  )
}

/** The deadlines of an agreement as lines of a form; what may stand is judged by the server. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Input, InputNumber, Select } from 'antd'
import { serviceLabel } from '../requests/names'
import type { CatalogueOut, TermIn } from '../shared/schema'
import { useUrgencyWords } from '../shared/tags'
import styles from './AgreementDrawer.module.css'
import { useWords } from './words'

const URGENCIES = ['stat', 'urgent', 'routine'] as const
const FROZEN = 'frozen'
const ANY = ''
const MOST = 60

interface Props {
  terms: TermIn[]
  services: readonly string[]
  catalogue: CatalogueOut
  onChange: (terms: TermIn[]) => void
}

export function TermsForm({ terms, services, catalogue, onChange }: Props) {
  const t = useWords()
  const set = (at: number, more: Partial<TermIn>) =>
    onChange(terms.map((term, place) => (place === at ? { ...term, ...more } : term)))
  const first = services[0]
  return (
    <>
      <ol className={styles.lines}>
        {terms.map((term, at) => (
          <Line
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place until it is saved.
            key={at}
            n={at + 1}
            term={term}
            services={services}
            catalogue={catalogue}
            set={(more) => set(at, more)}
            remove={() => onChange(terms.filter((_, place) => place !== at))}
          />
        ))}
      </ol>
      <Button
        size="small"
        icon={<PlusOutlined />}
        disabled={first === undefined || terms.length >= MOST}
        onClick={() => onChange([...terms, newTerm(first ?? '')])}
      >
        {t('addTerm')}
      </Button>
    </>
  )
}

function newTerm(service: string): TermIn {
  return {
    service,
    urgency: 'routine',
    minutes: 60,
    clock: 'clock hours',
    modality: null,
    frozen: null,
    clause: '',
  }
}

interface LineProps {
  n: number
  term: TermIn
  services: readonly string[]
  catalogue: CatalogueOut
  set: (more: Partial<TermIn>) => void
  remove: () => void
}

function Line({ n, term, services, catalogue, set, remove }: LineProps) {
  const t = useWords()
  const urgencyWords = useUrgencyWords()
  const called = (what: 'service' | 'what' | 'urgency' | 'minutesHead' | 'clock' | 'clause') =>
    t('termNumber', { n, what: t(what) })
  return (
    <li className={styles.line}>
      <Select
        size="small"
        className={styles.service ?? ''}
        aria-label={called('service')}
        value={term.service}
        options={services.map((code) => ({ value: code, label: serviceLabel(catalogue, code) }))}
        onChange={(service) => set({ service, modality: null, frozen: null })}
      />
      <Select
        size="small"
        className={styles.what ?? ''}
        aria-label={called('what')}
        value={term.frozen ? FROZEN : (term.modality ?? ANY)}
        options={kinds(term.service, catalogue, t('anyWhat'), t('frozen'))}
        onChange={(what) =>
          set({
            frozen: what === FROZEN ? true : null,
            modality: what === FROZEN || what === ANY ? null : what,
          })
        }
      />
      <Select
        size="small"
        className={styles.what ?? ''}
        aria-label={called('urgency')}
        value={term.urgency}
        options={URGENCIES.map((value) => ({ value, label: urgencyWords(value) }))}
        onChange={(urgency) => set({ urgency })}
      />
      <InputNumber
        size="small"
        className={styles.number ?? ''}
        aria-label={called('minutesHead')}
        precision={0}
        value={term.minutes}
        suffix={t('minutesHead')}
        onChange={(minutes) => set({ minutes: minutes ?? 0 })}
      />
      <Select
        size="small"
        className={styles.clock ?? ''}
        aria-label={called('clock')}
        value={term.clock ?? 'clock hours'}
        options={[
          { value: 'clock hours' as const, label: t('clockHours') },
          { value: 'working hours' as const, label: t('workingHours') },
        ]}
        onChange={(clock) => set({ clock })}
      />
      <Input
        size="small"
        className={styles.clause ?? ''}
        aria-label={called('clause')}
        placeholder={t('clause')}
        maxLength={40}
        value={term.clause ?? ''}
        onChange={(event) => set({ clause: event.target.value })}
      />
      <Button
        size="small"
        type="text"
        icon={<DeleteOutlined />}
        aria-label={t('removeTerm', { n })}
        onClick={remove}
      />
    </li>
  )
}

/** Any, the service's modalities, and frozen sections where its form asks for them. */
function kinds(code: string, catalogue: CatalogueOut, any: string, frozen: string) {
  const service = catalogue.services.find((each) => each.code === code)
  const freezes = service?.form.some((section) =>
    section.fields.some((field) => field.key === 'frozen'),
  )
  return [
    { value: ANY, label: any },
    ...(service?.modalities ?? []).map((value) => ({ value, label: value })),
    ...(freezes ? [{ value: FROZEN, label: frozen }] : []),
  ]
}

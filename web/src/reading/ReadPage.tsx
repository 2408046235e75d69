/**
 * Reading: the pictures take the room, the report stands beside them or in a second window.
 *
 * The main window holds the claim (its live line keeps the lease); a detached window only writes.
 */
import { useQuery } from '@tanstack/react-query'
import { App, ConfigProvider, Skeleton } from 'antd'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Link, useLocation, useNavigate, useParams, useSearchParams } from 'react-router'
import { darkTheme } from '../app/theme'
import { GuidanceBlock } from '../guidance/GuidanceBlock'
import { usePresence } from '../live/live'
import { forgetReport } from '../reports/api'
import { type Outcome, ReportPanel } from '../reports/ReportPanel'
import { caseQuery, useService } from '../requests/api'
import { RequestContent } from '../requests/RequestContent'
import { SessionEnded } from '../session/SessionEnded'
import { tellSignedOut } from '../shared/api'
import { CaseClock } from '../shared/CaseClock'
import { Empty } from '../shared/Empty'
import { KeyHelp } from '../shared/keys'
import { PatientLine } from '../shared/PatientLine'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords, toProblem } from '../shared/problem'
import type { PlaceIn, RequestOut } from '../shared/schema'
import { viewerAddress } from '../studies/StudyCard'
import { putAside } from './api'
import { NextCase } from './NextCase'
import { OpenCases } from './OpenCases'
import { goBackTo, placeNow } from './place'
import { ReadBar } from './ReadBar'
import styles from './ReadPage.module.css'
import { Records } from './Records'
import { Resizer, usePanelWidth } from './Resizer'
import { Viewer } from './Viewer'
import { useWords } from './words'

export function ReadPage() {
  const { id = '' } = useParams()
  const [params] = useSearchParams()
  const one = useQuery(caseQuery(id))
  const written = useService(one.data?.service)?.requires_study === false
  // The room is dark for pictures; what is only read stands on the reader's own ground.
  const dark = !written || (one.data?.studies.length ?? 0) > 0
  let page: ReactNode = <Skeleton active className={styles.wait} paragraph={{ rows: 12 }} />
  if (one.data && one.error && toProblem(one.error).status === 404) page = <Gone />
  else if (one.error)
    page = (
      <div className={styles.wait}>
        <ProblemNotice error={one.error} onRetry={() => void one.refetch()} />
      </div>
    )
  else if (one.data)
    page =
      params.get('window') === 'report' ? (
        <ReportWindow item={one.data} />
      ) : (
        <Reading key={id} item={one.data} />
      )
  return (
    <ConfigProvider {...(dark ? { theme: darkTheme } : {})}>
      <App className={styles.dark}>
        {page}
        <SessionEnded />
        <KeyHelp own />
      </App>
    </ConfigProvider>
  )
}

/** It was here a moment ago: withdrawn, or passed on to another institution. */
function Gone() {
  const t = useWords()
  return (
    <main className={styles.wait}>
      <Empty title={t('gone')} teach={t('goneTeach')} />
      <p className={styles.center}>
        <Link to="/work">{t('toDesk')}</Link>
      </p>
    </main>
  )
}

/** Says so when a colleague, a coordinator or the clock took the case from one's hands. */
function useLoss(item: RequestOut): void {
  const t = useWords()
  const { message } = App.useApp()
  const mine = item.claim?.mine === true
  const [held, setHeld] = useState(mine)
  if (mine !== held) {
    setHeld(mine)
    if (!mine && item.state === 'open' && item.report_state !== 'preliminary')
      void message.warning({
        content: item.claim ? t('takenOver', { who: item.claim.name }) : t('released'),
        duration: 8,
      })
  }
}

function Reading({ item }: { item: RequestOut }) {
  const t = useWords()
  const go = useNavigate()
  const [width, setWidth] = usePanelWidth()
  const second = useSecondWindow(item.id)
  const [finished, setFinished] = useState<Outcome | null>(null)
  const restore = useRestore()
  const [priors, setPriors] = useState<string[]>(() => (restore ? priorsOf(item) : []))
  usePresence(item.claim?.mine ? item.id : null)
  useMessages(item.id, setFinished)
  useLoss(item)
  useOldPlace(item)
  const aside = usePutAside(item, priors)
  const own = item.studies.map((study) => study.study_uid)
  const address = own.length > 0 ? viewerAddress([...own, ...priors]) : ''
  const service = useService(item.service)
  const written = service?.requires_study === false
  return (
    <main className={styles.reading}>
      <ReadBar
        item={item}
        opened={priors}
        onPriors={setPriors}
        detached={second.open}
        onDetach={second.toggle}
        onAside={aside.may ? () => void aside.leave().then(() => go('/work')) : undefined}
      />
      <OpenCases current={item.id} onLeave={aside.may ? aside.leave : undefined} />
      <div
        className={styles.room}
        style={{ gridTemplateColumns: second.open ? '1fr' : `minmax(0, 1fr) 6px ${width}px` }}
      >
        <div className={written ? styles.records : styles.pictures}>
          {written ? (
            <Records item={item} address={address} />
          ) : own.length === 0 && service ? (
            <Empty title={t('noImages')} teach={t('noImagesTeach')} />
          ) : (
            <Viewer item={item} address={address} />
          )}
        </div>
        {second.open ? null : (
          <>
            <Resizer width={width} onWidth={setWidth} />
            <aside className={styles.panel} aria-label={t('patientAsked')} data-report-panel>
              <Asked item={item} beside={written} />
              <GuidanceBlock item={item} />
              <ReportPanel item={item} onFinished={setFinished} onLeft={() => void go('/work')} />
            </aside>
          </>
        )}
      </div>
      <NextCase item={item} outcome={finished} onStay={() => setFinished(null)} />
    </main>
  )
}

/** Whether one comes back to a case that was put aside. */
function useRestore(): boolean {
  const state = useLocation().state as { restore?: boolean } | null
  return state?.restore === true
}

function priorsOf(item: RequestOut): string[] {
  return (item.claim?.place as PlaceIn | null | undefined)?.priors ?? []
}

/** Brings back the picture and the cursor where they were when the case was put aside. */
function useOldPlace(item: RequestOut): void {
  const t = useWords()
  const { message } = App.useApp()
  const restore = useRestore()
  const [place] = useState(() => item.claim?.place as PlaceIn | null | undefined)
  useEffect(() => {
    if (!restore || !place) return
    void message.info(t('resumed'))
    return goBackTo(place)
  }, [restore, place, message, t])
}

/** Lets the case wait for a more urgent one: words are saved first, the place goes along. */
function usePutAside(item: RequestOut, priors: readonly string[]) {
  const t = useWords()
  const { message } = App.useApp()
  const may = item.allowed.includes('aside')
  const leave = async () => {
    try {
      await putAside(item.id, placeNow(priors))
      void message.success(t('putAsideDone'))
    } catch (error) {
      void message.warning(problemWords(error).what)
      throw error
    }
  }
  return { may, leave }
}

/** The question stands open; the rest of what was asked unfolds, unless it lies beside. */
function Asked({ item, beside = false }: { item: RequestOut; beside?: boolean }) {
  const t = useWords()
  const { contact_phone: phone, attending } = item.content
  const contact =
    typeof phone === 'string' && phone ? (
      <p className={styles.phone}>
        {t('contact')} {phone} · {typeof attending === 'string' ? attending : item.created_by}
      </p>
    ) : null
  return (
    <section className={styles.asked}>
      <p className={styles.question}>{item.question || String(item.content.reason ?? '')}</p>
      {beside ? (
        contact
      ) : (
        <details>
          <summary>{t('patientAsked')}</summary>
          <RequestContent item={item} without={['contact']} />
          {contact}
        </details>
      )}
    </section>
  )
}

/** The report alone, for the second monitor. */
function ReportWindow({ item }: { item: RequestOut }) {
  const [finished, setFinished] = useState<Outcome | null>(null)
  useEffect(() => {
    // The main window goes on to the next case; this one has done its work.
    if (finished === null) return
    const main = window.opener as Window | null
    main?.postMessage({ type: 'telemed:finished', id: item.id, outcome: finished }, location.origin)
    window.close()
  }, [finished, item.id])
  return (
    <main className={styles.alone}>
      {/* Two windows, one patient: the name stands in both. */}
      <h1 className={styles.patient}>
        <PatientLine name={item.patient_name} sex={item.patient_sex} age={item.patient_age} />
        <span className={styles.number}>{item.number}</span>
        <CaseClock clock={item.clock} mine="provider" />
      </h1>
      <Asked item={item} />
      <ReportPanel item={item} onFinished={setFinished} onLeft={() => window.close()} />
    </main>
  )
}

/** The second window: opened, watched, and taken back when it closes. */
function useSecondWindow(id: string) {
  const t = useWords()
  const { message } = App.useApp()
  const [open, setOpen] = useState(false)
  const second = useRef<Window | null>(null)
  useEffect(() => {
    if (!open) return
    const watch = setInterval(() => {
      if (!(second.current?.closed ?? true)) return
      forgetReport(id)
      setOpen(false)
    }, 300)
    return () => clearInterval(watch)
  }, [open, id])
  const toggle = () => {
    if (open) {
      second.current?.close()
      return
    }
    second.current = window.open(
      `/read/${id}?window=report`,
      `report-${id}`,
      'popup,width=720,height=960',
    )
    if (second.current === null) void message.warning(t('blocked'))
    else setOpen(true)
  }
  return { open, toggle }
}

/** What the viewer and the second window tell this one. */
function useMessages(id: string, onFinished: (outcome: Outcome) => void): void {
  useEffect(() => {
    const hear = (event: MessageEvent) => {
      if (event.origin !== location.origin) return
      const data = event.data as { type?: string; reason?: string; id?: string; outcome?: Outcome }
      if (data?.type === 'telemed:viewer-stopped' && data.reason === 'signed-out') tellSignedOut()
      if (data?.type === 'telemed:finished' && data.id === id && data.outcome)
        onFinished(data.outcome)
    }
    window.addEventListener('message', hear)
    return () => window.removeEventListener('message', hear)
  }, [id, onFinished])
}

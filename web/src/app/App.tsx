/** The providers around every page, and the one decision of the frame: is somebody signed in? */
import { QueryClientProvider } from '@tanstack/react-query'
import { App as AntApp, ConfigProvider, Spin } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
// Pickers of days speak the words that dayjs knows.
import 'dayjs/locale/zh-cn'
import { type ReactNode, useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { createBrowserRouter, Navigate, Outlet, RouterProvider } from 'react-router'
import { live } from '../live/live'
import { SignInPage } from '../session/SignInPage'
import { MeContext, useMe, useSession, useSessionEnded } from '../session/session'
import { KeyHelp } from '../shared/keys'
import { ProblemNotice } from '../shared/ProblemNotice'
import { queryClient } from '../shared/queries'
import { language } from '../shared/words'
import { forgetUploads, restoreUploads } from '../uploads/manager'
import styles from './App.module.css'
import { PageFailed } from './PageFailed'
import { homeOf, PAGES } from './routes'
import { Shell } from './Shell'
import { darkTheme, lightTheme } from './theme'
import { useDark } from './useDark'

const router = createBrowserRouter([
  {
    path: 'verify/:code?',
    hydrateFallbackElement: <Wait />,
    errorElement: <PageFailed />,
    lazy: async () => ({ Component: (await import('../verify/VerifyPage')).VerifyPage }),
  },
  {
    path: 'certificates/:code?',
    hydrateFallbackElement: <Wait />,
    errorElement: <PageFailed />,
    lazy: async () => ({
      Component: (await import('../training/CertificatePage')).CertificatePage,
    }),
  },
  {
    path: '/',
    element: <SignedIn />,
    hydrateFallbackElement: <Wait />,
    errorElement: <PageFailed />,
    children: [
      {
        path: 'read/:id',
        errorElement: <PageFailed />,
        lazy: async () => ({ Component: (await import('../reading/ReadPage')).ReadPage }),
      },
      {
        path: 'conference/:appointmentId',
        errorElement: <PageFailed />,
        lazy: async () => ({
          Component: (await import('../conference/ConferencePage')).ConferencePage,
        }),
      },
      {
        element: <Shell />,
        children: [
          { index: true, element: <Home /> },
          { errorElement: <PageFailed />, children: PAGES },
          { path: '*', element: <PageFailed missing /> },
        ],
      },
    ],
  },
])

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Look>
        <RouterProvider router={router} />
      </Look>
    </QueryClientProvider>
  )
}

/** Theme and language of the component kit. */
function Look({ children }: { children: ReactNode }) {
  useTranslation()
  const [dark] = useDark()
  return (
    <ConfigProvider
      theme={dark ? darkTheme : lightTheme}
      locale={language() === 'zh' ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
    >
      <AntApp className={styles.app}>{children}</AntApp>
    </ConfigProvider>
  )
}

function SignedIn() {
  const session = useSession()
  const me = session.data
  const account = me?.account_id
  const ended = useSessionEnded()
  useEffect(() => {
    if (account === undefined || ended) return
    live.start()
    return () => live.stop()
  }, [account, ended])
  useEffect(() => {
    if (account === undefined) return
    void restoreUploads()
    return forgetUploads
  }, [account])
  const page = useMemo(() => <Outlet />, [])
  if (session.isPending) return <Wait />
  if (session.error)
    return (
      <main className={styles.fault}>
        <ProblemNotice error={session.error} kept="" onRetry={() => void session.refetch()} />
      </main>
    )
  if (!me) return <SignInPage />
  return (
    <MeContext value={me}>
      {page}
      <KeyHelp />
    </MeContext>
  )
}

function Wait() {
  return <Spin className={styles.wait} delay={300} />
}

function Home() {
  return <Navigate to={homeOf(useMe())} replace />
}

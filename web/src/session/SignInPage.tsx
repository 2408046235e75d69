/** The first thing anybody sees: who we are, the form, and in a demo the people to play. */
import { Button } from 'antd'
import { LanguageSwitch } from '../app/LanguageSwitch'
import type { DemoAccount } from '../shared/schema'
import { pick } from '../shared/words'
import { SignInForm } from './SignInForm'
import styles from './SignInPage.module.css'
import { useHello, useSignIn } from './session'
import { isRole, useWords } from './words'

export function SignInPage() {
  const t = useWords()
  const hello = useHello()
  const accounts = hello.data?.demo ? hello.data.demo_accounts : []
  return (
    <main className={styles.page}>
      <div className={styles.language}>
        <LanguageSwitch />
      </div>
      <section className={`${styles.card} ${accounts.length > 0 ? styles.wide : ''}`}>
        <div className={styles.form}>
          <header className={styles.head}>
            <img src="/mark.svg" alt="" width={40} height={40} />
            <div>
              <h1 className={styles.title}>{t('product')}</h1>
              <p className={styles.tagline}>{t('tagline')}</p>
            </div>
          </header>
          <SignInForm />
        </div>
        {accounts.length > 0 ? <DemoAccounts accounts={accounts} /> : null}
      </section>
    </main>
  )
}

function DemoAccounts({ accounts }: { accounts: readonly DemoAccount[] }) {
  const t = useWords()
  const signIn = useSignIn()
  return (
    <aside className={styles.demo} aria-label={t('demo')}>
      <h2 className={styles.demoTitle}>{t('demo')}</h2>
      <p className={styles.demoHint}>{t('demoHint')}</p>
      <ul className={styles.accounts}>
        {accounts.map((account) => (
          <li key={account.username}>
            <Button
              block
              className={styles.account}
              disabled={signIn.isPending}
              onClick={() =>
                signIn.mutate({ username: account.username, password: account.password })
              }
            >
              <span className={styles.role}>
                {isRole(account.role) ? t(account.role) : account.role}
              </span>
              <span className={styles.who}>
                {[account.name, account.institution].filter(Boolean).join(' · ')}
              </span>
              <span className={styles.story}>{pick(account.story)}</span>
            </Button>
          </li>
        ))}
      </ul>
    </aside>
  )
}

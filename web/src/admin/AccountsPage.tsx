/** Accounts: who may do what here. Every act can be taken back, so none asks "are you sure". */
import {
  CheckCircleFilled,
  LockFilled,
  MoreOutlined,
  PlusOutlined,
  StopOutlined,
} from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { App, Button, Dropdown, Input, Table, type TableColumnsType, Tag } from 'antd'
import { useState } from 'react'
import { useMe } from '../session/session'
import { isRole, useWords as useRoleWords } from '../session/words'
import { Empty } from '../shared/Empty'
import { Moment } from '../shared/Moment'
import { serverNow } from '../shared/now'
import { ProblemNotice } from '../shared/ProblemNotice'
import { problemWords } from '../shared/problem'
import type { AccountOut, AccountPatch } from '../shared/schema'
import { hourWords } from '../shared/times'
import { useSettled } from '../shared/useSettled'
import { AccountForm } from './AccountForm'
import styles from './admin.module.css'
import { accountsQuery, PAGE, useChangeAccount } from './api'
import { RolesDialog } from './RolesDialog'
import { useWords } from './words'

export function AccountsPage() {
  const t = useWords()
  const [q, setQ] = useState('')
  const [page, setPage] = useState(0)
  const [making, setMaking] = useState(false)
  const [changing, setChanging] = useState<AccountOut | null>(null)
  const asked = useSettled(q.trim(), 250)
  const { data, error, isFetching, refetch } = useQuery(accountsQuery(asked, page))
  const columns = useColumns(setChanging)
  return (
    <>
      <div className={styles.filters}>
        <Input.Search
          allowClear
          className={styles.search}
          aria-label={t('searchAccount')}
          placeholder={t('searchAccount')}
          value={q}
          onChange={(event) => {
            setPage(0)
            setQ(event.target.value)
          }}
        />
        <span className={styles.count}>
          {data === undefined ? '' : t('totalAccounts', { n: data.total })}
        </span>
        <Button
          type="primary"
          icon={<PlusOutlined aria-hidden />}
          className={styles.last}
          onClick={() => setMaking(true)}
        >
          {t('newAccount')}
        </Button>
      </div>
      {error ? <ProblemNotice error={error} kept="" onRetry={() => void refetch()} /> : null}
      <Table<AccountOut>
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={data?.items ?? []}
        loading={{ spinning: isFetching && data === undefined, delay: 300 }}
        locale={{
          emptyText: data ? <Empty title={t('noAccounts')} teach={t('noAccountsTeach')} /> : ' ',
        }}
        pagination={{
          current: page + 1,
          pageSize: PAGE,
          total: data?.total ?? 0,
          showSizeChanger: false,
          hideOnSinglePage: true,
          onChange: (next) => setPage(next - 1),
        }}
      />
      <AccountForm open={making} onClose={() => setMaking(false)} />
      {changing === null ? null : (
        <RolesDialog account={changing} onClose={() => setChanging(null)} />
      )}
    </>
  )
}

function useColumns(onRoles: (account: AccountOut) => void): TableColumnsType<AccountOut> {
  const t = useWords()
  return [
    {
      title: t('username'),
      key: 'username',
      render: (_, row) => (
        <span className={styles.two}>
          <strong>{row.username}</strong>
          <span className={styles.quiet}>{row.name}</span>
        </span>
      ),
    },
    { title: t('roles'), key: 'roles', render: (_, row) => <Roles roles={row.roles} /> },
    {
      title: t('standsFor'),
      key: 'place',
      responsive: ['sm'],
      render: (_, row) =>
        row.institution?.short_name ?? (row.region ? t('region', { code: row.region }) : '—'),
    },
    { title: t('state'), key: 'state', width: 144, render: (_, row) => <State account={row} /> },
    {
      title: t('created'),
      key: 'created',
      width: 168,
      responsive: ['lg'],
      render: (_, row) => <Moment at={row.created_at} />,
    },
    {
      title: <span className="visually-hidden">{t('acts')}</span>,
      key: 'acts',
      width: 48,
      render: (_, row) => <Acts account={row} onRoles={() => onRoles(row)} />,
    },
  ]
}

export function Roles({ roles }: { roles: readonly string[] }) {
  const t = useRoleWords()
  return (
    <span className={styles.tags}>
      {roles.map((role) => (
        <Tag key={role}>{isRole(role) ? t(role) : role}</Tag>
      ))}
    </span>
  )
}

function lockedNow(account: AccountOut): boolean {
  return account.locked_until !== null && Date.parse(account.locked_until) > serverNow()
}

function State({ account }: { account: AccountOut }) {
  const t = useWords()
  if (account.disabled)
    return (
      <span className={styles.quiet}>
        <StopOutlined aria-hidden /> {t('disabledState')}
      </span>
    )
  if (account.locked_until !== null && lockedNow(account))
    return (
      <span className={styles.warn}>
        <LockFilled aria-hidden /> {t('lockedState', { at: hourWords(account.locked_until) })}
      </span>
    )
  return (
    <span className={styles.good}>
      <CheckCircleFilled aria-hidden /> {t('active')}
    </span>
  )
}

function Acts({ account, onRoles }: { account: AccountOut; onRoles: () => void }) {
  const t = useWords()
  const mine = useMe().account_id === account.id
  const act = useAct(account)
  const items = [
    { key: 'roles', label: t('changeRoles'), onClick: onRoles },
    account.disabled
      ? { key: 'enable', label: t('enable'), onClick: () => act({ disabled: false }, 'didEnable') }
      : {
          key: 'disable',
          label: t('disable'),
          danger: true,
          onClick: () => act({ disabled: true }, 'didDisable', { disabled: false }),
        },
    ...(lockedNow(account)
      ? [{ key: 'unlock', label: t('unlock'), onClick: () => act({ unlock: true }, 'didUnlock') }]
      : []),
  ]
  return (
    <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight" disabled={mine}>
      <Button
        type="text"
        icon={<MoreOutlined aria-hidden />}
        aria-label={t('actsOf', { name: account.username })}
        title={mine ? t('ownAccount') : undefined}
        disabled={mine}
      />
    </Dropdown>
  )
}

type Said = 'didDisable' | 'didEnable' | 'didUnlock'

/** Does it, says so, and offers the way back where there is one. */
function useAct(account: AccountOut) {
  const t = useWords()
  const { message } = App.useApp()
  const change = useChangeAccount()
  return (wanted: AccountPatch, said: Said, back?: AccountPatch) =>
    change.mutate(
      { id: account.id, change: wanted },
      {
        onSuccess: () => {
          const key = `account-${account.id}`
          const undo = () => {
            message.destroy(key)
            if (back) change.mutate({ id: account.id, change: back })
          }
          void message.success({
            key,
            duration: back ? 8 : 3,
            content: (
              <>
                {t('done', { name: account.username, what: t(said) })}
                {back ? (
                  <Button type="link" size="small" onClick={undo}>
                    {t('undo')}
                  </Button>
                ) : null}
              </>
            ),
          })
        },
        onError: (error) => void message.error(problemWords(error).what),
      },
    )
}

/** The cache of what the server said: one client, and the first words of its keys, one per noun. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { toProblem } from './problem'

export const KEYS = {
  session: 'session',
  catalogue: 'catalogue',
  requests: 'requests',
  todo: 'todo',
  worklist: 'worklist',
  reports: 'reports',
  studies: 'studies',
  uploads: 'uploads',
  tally: 'tally',
  fairness: 'fairness',
  network: 'network',
  accounts: 'accounts',
  sessions: 'sessions',
  audit: 'audit',
  presence: 'presence',
  notices: 'notices',
  roster: 'roster',
  appointments: 'appointments',
  calls: 'calls',
  opinions: 'opinions',
  approvals: 'approvals',
  training: 'training',
  conference: 'conference',
  minutes: 'minutes',
} as const

export const queryClient = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache(),
  defaultOptions: {
    queries: {
      staleTime: 20_000,
      retry: (count, error) => {
        const { status } = toProblem(error)
        return count < 3 && (status === 0 || status >= 500)
      },
      retryDelay: (count) => Math.min(1000 * 2 ** count, 15_000) * (0.7 + Math.random() * 0.6),
    },
    mutations: { retry: false },
  },
})

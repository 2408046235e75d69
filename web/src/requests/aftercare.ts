/** Evaluation both ways and charges: asking, and each step. */
import { queryOptions, useMutation } from '@tanstack/react-query'
import { api, body } from '../shared/api'
import { KEYS, queryClient } from '../shared/queries'
import type { CaseCharge, ChargeStepIn, EvaluationIn } from '../shared/schema'

const at = (id: string) => ({ params: { path: { id } } })

export const evaluationQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.requests, 'evaluation', id],
    queryFn: () => body(api.GET('/api/requests/{id}/evaluation', at(id))),
  })

export function useEvaluate(id: string) {
  return useMutation({
    mutationFn: (given: EvaluationIn) =>
      body(api.PUT('/api/requests/{id}/evaluation', { ...at(id), body: given })),
    onSuccess: (after) => queryClient.setQueryData(evaluationQuery(id).queryKey, after),
  })
}

export const chargeQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.requests, 'charge', id],
    queryFn: () => body(api.GET('/api/requests/{id}/charge', at(id))),
  })

export type ChargeStep = 'charge' | 'settle' | 'waive' | 'refund'

function keep(id: string): (after: CaseCharge) => void {
  return (after) => {
    queryClient.setQueryData(chargeQuery(id).queryKey, after)
    void queryClient.invalidateQueries({ queryKey: [KEYS.requests, 'settlement'] })
  }
}

export function useChargeStep(id: string) {
  return useMutation({
    mutationFn: ({ step, ...given }: ChargeStepIn & { step: ChargeStep }) =>
      body(api.POST(`/api/requests/{id}/charge/${step}`, { ...at(id), body: given })),
    onSuccess: keep(id),
  })
}

export function useNamed(id: string) {
  return useMutation({
    mutationFn: (given: { version: number; named: boolean }) =>
      body(api.POST('/api/requests/{id}/charge/named', { ...at(id), body: given })),
    onSuccess: keep(id),
  })
}

export const settlementQuery = (month: string) =>
  queryOptions({
    queryKey: [KEYS.requests, 'settlement', month],
    queryFn: () => body(api.GET('/api/settlement', { params: { query: { month } } })),
  })

/** Fen as yuan. */
export function yuan(fen: number): string {
  const text = (fen / 100).toLocaleString('zh-CN', {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  })
  return `¥ ${text}`
}

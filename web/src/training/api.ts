/** Courses and lectures: what is offered, each step, checking in, quiz, feedback and credit. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body, csrfHeader } from '../shared/api'
import { readProblem } from '../shared/problem'
import { KEYS, queryClient } from '../shared/queries'
import type {
  CourseEdit,
  CourseIn,
  CourseWhole,
  FeedbackIn,
  LectureEdit,
  LectureIn,
  LectureWhole,
  QuizOut,
} from '../shared/schema'

export const VIEWS = ['upcoming', 'on-demand', 'mine', 'given', 'review'] as const
export type View = (typeof VIEWS)[number]
export const PAGE = 50

const at = (id: string) => ({ params: { path: { id } } })

export const coursesQuery = (view: View, q: string, offset: number) =>
  queryOptions({
    queryKey: [KEYS.training, 'list', view, q, offset],
    queryFn: () => body(api.GET('/api/courses', { params: { query: { view, q, offset } } })),
    placeholderData: keepPreviousData,
  })

export const courseQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'course', id],
    queryFn: () => body(api.GET('/api/courses/{id}', at(id))),
  })

export const keyQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'key', id],
    queryFn: () => body(api.GET('/api/courses/{id}/key', at(id))),
    staleTime: 0,
  })

export const lectureQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'lecture', id],
    queryFn: () => body(api.GET('/api/lectures/{id}', at(id))),
  })

export const codeQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'code', id],
    queryFn: () => body(api.GET('/api/lectures/{id}/code', at(id))),
    staleTime: 0,
  })

export const peopleQuery = (id: string, offset: number) =>
  queryOptions({
    queryKey: [KEYS.training, 'people', id, offset],
    queryFn: () =>
      body(
        api.GET('/api/lectures/{id}/people', {
          params: { path: { id }, query: { offset, limit: 100 } },
        }),
      ),
    placeholderData: keepPreviousData,
  })

export const quizQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'quiz', id],
    queryFn: () => body(api.GET('/api/courses/{id}/quiz', at(id))),
  })

export const feedbackQuery = (id: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'feedback', id],
    queryFn: () => body(api.GET('/api/lectures/{id}/feedback', at(id))),
  })

export const creditsQuery = queryOptions({
  queryKey: [KEYS.training, 'credits'],
  queryFn: () => body(api.GET('/api/credits')),
})

export const certificateQuery = (code: string) =>
  queryOptions({
    queryKey: [KEYS.training, 'certificate', code],
    queryFn: () => body(api.GET('/api/certificates/{code}', { params: { path: { code } } })),
    enabled: code !== '',
    retry: false,
  })

function forget<T>(done: T): T {
  void queryClient.invalidateQueries({ queryKey: [KEYS.training] })
  return done
}

function kept(after: LectureWhole): LectureWhole {
  queryClient.setQueryData(lectureQuery(after.lecture.id).queryKey, after)
  return forget(after)
}

export interface Because {
  reason: string
  note: string
}

export const draft = (given: CourseIn): Promise<{ id: string }> =>
  body(api.POST('/api/courses', { body: given })).then(forget)

export const edit = (id: string, given: CourseEdit): Promise<CourseWhole> =>
  body(api.PUT('/api/courses/{id}', { ...at(id), body: given })).then(forget)

export type CourseStep = 'apply' | 'approve' | 'publish' | 'archive'

export const courseStep = (id: string, step: CourseStep, version: number): Promise<CourseWhole> =>
  body(api.POST(`/api/courses/{id}/${step}`, { ...at(id), body: { version } })).then(forget)

export const courseBecause = (
  id: string,
  step: 'return' | 'cancel',
  version: number,
  why: Because,
): Promise<CourseWhole> =>
  body(api.POST(`/api/courses/{id}/${step}`, { ...at(id), body: { version, ...why } })).then(forget)

export const plan = (id: string, given: LectureIn): Promise<{ id: string }> =>
  body(api.POST('/api/courses/{id}/lectures', { ...at(id), body: given })).then(forget)

export const editLecture = (id: string, given: LectureEdit): Promise<LectureWhole> =>
  body(api.PUT('/api/lectures/{id}', { ...at(id), body: given })).then(kept)

export type LectureStep = 'open' | 'close' | 'begin' | 'finish'

export const lectureStep = (
  id: string,
  step: LectureStep,
  version: number,
): Promise<LectureWhole> =>
  body(api.POST(`/api/lectures/{id}/${step}`, { ...at(id), body: { version } })).then(kept)

export const cancelLecture = (id: string, version: number, why: Because): Promise<LectureWhole> =>
  body(api.POST('/api/lectures/{id}/cancel', { ...at(id), body: { version, ...why } })).then(kept)

export const enrol = (id: string): Promise<LectureWhole> =>
  body(api.POST('/api/lectures/{id}/enrol', at(id))).then(kept)

export const withdraw = (id: string): Promise<LectureWhole> =>
  body(api.POST('/api/lectures/{id}/withdraw', at(id))).then(kept)

export const checkIn = (id: string, code: string): Promise<LectureWhole> =>
  body(api.POST('/api/lectures/{id}/check-in', { ...at(id), body: { code } })).then(kept)

export const checkInByHand = (id: string, account: string): Promise<LectureWhole> =>
  body(
    api.POST('/api/lectures/{id}/people/{account}/check-in', { params: { path: { id, account } } }),
  ).then(kept)

export const checkOut = (id: string): Promise<LectureWhole> =>
  body(api.POST('/api/lectures/{id}/check-out', at(id))).then(kept)

export const here = (id: string): Promise<{ seconds: number }> =>
  body(api.POST('/api/lectures/{id}/here', at(id)))

/** The server counts a sitting once, however often it is sent: a line may fail with the answer. */
export const sit = (id: string, sitting: number, answers: number[][]): Promise<QuizOut> =>
  body(api.POST('/api/courses/{id}/quiz', { ...at(id), body: { sitting, answers } })).then(forget)

export const giveFeedback = (id: string, given: FeedbackIn): Promise<unknown> =>
  body(api.POST('/api/lectures/{id}/feedback', { ...at(id), body: given })).then(forget)

export const removeMaterial = (id: string): Promise<unknown> =>
  body(api.POST('/api/materials/{id}/remove', at(id))).then(forget)

export const play = (id: string, position: number, begins: boolean): Promise<{ seconds: number }> =>
  body(api.POST('/api/materials/{id}/play', { ...at(id), body: { position, begins } }))

/** A paper was opened: on demand that is a part of what a course asks. */
export const openedPaper = (id: string): Promise<unknown> => play(id, 0, true).then(forget)

/** A file as it is: the server says what it is by its first bytes. */
export async function addMaterial(course: string, file: File): Promise<void> {
  const answer = await fetch(
    `/api/courses/${course}/materials?name=${encodeURIComponent(file.name.slice(-255))}`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream', ...csrfHeader() },
      body: file,
    },
  )
  if (!answer.ok) throw await readProblem(answer)
  forget(null)
}

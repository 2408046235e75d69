/**
 * Which roles may stand together, and what each stands for.
 *
 * The server decides; this keeps the form from offering what it would refuse (三员分立).
 */
import type { RoleKey } from '../session/words'

export const CLINICAL = [
  'requester',
  'technician',
  'department_head',
  'medical_office',
  'coordinator',
  'reader',
  'verifier',
  'institution_admin',
] as const satisfies readonly RoleKey[]
export const SUPERVISING = ['regulator'] as const satisfies readonly RoleKey[]
export const SEPARATE = [
  'system_admin',
  'security_admin',
  'audit_admin',
] as const satisfies readonly RoleKey[]

const ALONE: readonly string[] = SEPARATE

/** The roles after ticking or clearing one: a separate one drives out all others, and is driven out. */
export function withRole(roles: readonly string[], role: string, on: boolean): string[] {
  if (!on) return roles.filter((each) => each !== role)
  if (ALONE.includes(role)) return [role]
  return [...roles.filter((each) => !ALONE.includes(each)), role]
}

export interface Standing {
  /** Of an institution. */
  institution: boolean
  /** A person of its register: those who sign. */
  person: boolean
  /** Of a region. */
  region: boolean
}

export function standingOf(roles: readonly string[]): Standing {
  return {
    institution: CLINICAL.some((role) => roles.includes(role)),
    person: roles.includes('reader') || roles.includes('verifier'),
    region: roles.includes('regulator'),
  }
}

/**
 * Who presents the case in a conference. One at a time; whoever begins raises the term, and what is
 * said in an older term is not heard. Anybody may begin while nobody presents; whoever presents may
 * hand over or stop; the chair may take over. Each page judges for itself by the same rule.
 */
export interface Presenting {
  /** A member's id; null while nobody presents. */
  readonly presenter: string | null
  readonly term: number
}

export const NOBODY: Presenting = { presenter: null, term: 0 }

/** Who presents among those who are there: whoever left presents no more. */
export function standing(now: Presenting, members: readonly string[]): Presenting {
  const gone = now.presenter !== null && !members.includes(now.presenter)
  return gone ? { ...now, presenter: null } : now
}

/** Whether somebody may make somebody present. */
export function mayPass(now: Presenting, from: string, leads: boolean): boolean {
  return now.presenter === null || now.presenter === from || leads
}

/** What holds after somebody said who presents; `from` said it, and leads or does not. */
export function heard(now: Presenting, said: Presenting, from: string, leads: boolean): Presenting {
  if (said.term < now.term || (said.term === now.term && now.term === 0)) return now
  if (said.term === now.term) return tied(now, said, from)
  const begins = said.presenter === from || said.presenter === null
  const hands = now.presenter === from || leads
  return mayPass(now, from, leads) && (begins || hands) ? said : now
}

/** Two began at the same moment: both pages come to the same. */
function tied(now: Presenting, said: Presenting, from: string): Presenting {
  if (said.presenter !== from || now.presenter === null) return now
  return said.presenter < now.presenter ? said : now
}

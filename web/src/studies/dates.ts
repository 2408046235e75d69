/** A DICOM date (20261120) as people read it (2026-11-20). */
export function studyDate(text: string): string {
  const parts = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text)
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}` : text
}

/** The colour of a state's tag. */
export const COLOURS: Record<string, string> = {
  held: 'warning',
  proposed: 'warning',
  confirmed: 'processing',
  'under way': 'success',
  canceled: 'default',
  missed: 'error',
}

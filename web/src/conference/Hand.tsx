/** A raised hand, drawn: not every hospital's PC has the picture in a font. */
export function Hand() {
  return (
    <svg viewBox="0 0 24 24" width="1em" height="1em" fill="currentColor" aria-hidden="true">
      <path d="M7 12V5.5a1.25 1.25 0 0 1 2.5 0V11h.6V3.75a1.25 1.25 0 0 1 2.5 0V11h.6V4.5a1.25 1.25 0 0 1 2.5 0V12h.6V7a1.25 1.25 0 0 1 2.5 0v7.5c0 4-2.6 7-6.4 7-2.9 0-4.5-1.2-5.9-3.6l-3-5.3c-.4-.7-.2-1.4.4-1.8.6-.4 1.4-.2 1.9.4z" />
    </svg>
  )
}

/**
 * The sound of a critical finding: two notes, repeated every eight seconds until stopped.
 *
 * Made in the browser, no file. A page that was never touched may not sound; the dialog stands
 * all the same.
 */
const NOTES = [880, 660] as const
const PAUSE_MS = 8000

export function chime(): () => void {
  const context = new AudioContext()
  const ring = () => {
    NOTES.forEach((pitch, index) => {
      const at = context.currentTime + index * 0.28
      const tone = context.createOscillator()
      const loudness = context.createGain()
      tone.frequency.value = pitch
      loudness.gain.setValueAtTime(0.0001, at)
      loudness.gain.exponentialRampToValueAtTime(0.25, at + 0.03)
      loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.26)
      tone.connect(loudness).connect(context.destination)
      tone.start(at)
      tone.stop(at + 0.28)
    })
  }
  ring()
  const again = setInterval(ring, PAUSE_MS)
  return () => {
    clearInterval(again)
    void context.close()
  }
}

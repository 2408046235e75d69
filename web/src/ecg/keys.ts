/** The keys of the strip, as rows for a page's key help. The strip itself listens for them. */
import { say } from './words'

export function ecgKeyRows(): { combo: string; label: string }[] {
  return [
    { combo: '[', label: say('keySpeed') },
    { combo: ']', label: say('keySpeed') },
    { combo: '-', label: say('keyGain') },
    { combo: '=', label: say('keyGain') },
    { combo: 'l', label: say('keyLayout') },
    { combo: 'z', label: say('keyZoom') },
    { combo: 'c', label: say('keyCaliper') },
    { combo: ' ', label: say('keyEnd') },
    { combo: 's', label: say('keySnap') },
    { combo: 'r', label: say('keyMarch') },
    { combo: 'Delete', label: say('keyClear') },
  ]
}

/** Files out of a drop or a picker, folders walked, each with its path inside what was given. */

export interface Picked {
  readonly file: File
  /** Path inside the folder that was given; the plain name for a single file. */
  readonly path: string
}

/** Files the system leaves in every folder; they are nobody's examination. */
const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini'])

export function fromInput(files: FileList): Picked[] {
  return [...files]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(isWanted)
}

/** The entries must be taken while the drop event runs; the walk then takes its time. */
export function fromDrop(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  return Promise.all(entries.map(walk)).then((lists) => lists.flat().filter(isWanted))
}

function isWanted({ file }: Picked): boolean {
  return !LITTER.has(file.name) && !file.name.startsWith('._')
}

async function walk(entry: FileSystemEntry): Promise<Picked[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    return [{ file, path: entry.fullPath.replace(/^\//, '') }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: Picked[] = []
  // readEntries gives at most a hundred at a time and an empty list at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (batch.length === 0) return found
    for (const each of batch) found.push(...(await walk(each)))
  }
}

/** Paths of files that came with a dropped folder. */
const paths = new WeakMap<File, string>()

/** The path of a file in the folder that was chosen or dropped; its name if it came alone. */
export function pathOf(file: File): string {
  return paths.get(file) ?? (file.webkitRelativePath || file.name)
}

/** All dropped files, those in folders included. Must be called while the event is handled. */
export function droppedFiles({ files, items }: DataTransfer): File[] | Promise<File[]> {
  const entries = [...items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry())
  if (!entries.some((entry) => entry?.isDirectory)) return [...files]
  const folders = Promise.all(entries.filter((entry) => entry !== null).map(filesOf))
  return folders.then((files) => sortByPath(files.flat()))
}

/** Files of a folder as people list them: browsers give them in the order of the disk. */
export function sortByPath(files: File[]): File[] {
  return files.sort((a, b) => pathOf(a).localeCompare(pathOf(b), 'en', { numeric: true }))
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => {
      entry.file(resolve, reject)
    })
    paths.set(file, entry.fullPath.replace(/^\//, ''))
    return [file]
  }
  const files: File[] = []
  for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) {
    files.push(...(await filesOf(child)))
  }
  return files
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const children: FileSystemEntry[] = []
  // A reader gives about a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (!some.length) return children
    children.push(...some)
  }
}

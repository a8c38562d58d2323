import { onScopeDispose, ref, shallowRef } from 'vue'
import { droppedFiles } from './folders'
import { shared } from './state'

/** At least one file, as they were dropped or pasted together. */
export type Files = [File, ...File[]]

/** Takes files dropped anywhere on the page or pasted; `dragging` while they hover. */
export function useFileArrival(take: (files: Files) => unknown) {
  const dragging = ref(false)
  // dragenter and dragleave also fire for every element crossed on the way.
  let depth = 0

  function bringsFile(event: DragEvent) {
    return event.dataTransfer?.types.includes('Files') ?? false
  }

  function onEnter(event: DragEvent) {
    if (bringsFile(event)) dragging.value = ++depth > 0
  }

  function onLeave(event: DragEvent) {
    if (bringsFile(event)) dragging.value = --depth > 0
  }

  // Without this the browser would open the file instead of dropping it.
  function onOver(event: DragEvent) {
    if (bringsFile(event)) event.preventDefault()
  }

  function onDrop(event: DragEvent) {
    if (!bringsFile(event)) return
    event.preventDefault()
    depth = 0
    dragging.value = false
    if (!event.dataTransfer) return
    const files = droppedFiles(event.dataTransfer)
    if (Array.isArray(files)) takeAll(files)
    else void files.then(takeAll)
  }

  function onPaste(event: ClipboardEvent) {
    takeAll([...(event.clipboardData?.files ?? [])])
  }

  function takeAll([first, ...others]: File[]) {
    if (first) take([first, ...others])
  }

  const listeners = new AbortController()
  const { signal } = listeners
  document.addEventListener('dragenter', onEnter, { signal })
  document.addEventListener('dragleave', onLeave, { signal })
  document.addEventListener('dragover', onOver, { signal })
  document.addEventListener('drop', onDrop, { signal })
  document.addEventListener('paste', onPaste, { signal })
  onScopeDispose(() => {
    listeners.abort()
  })

  return { dragging }
}

type Take = (files: Files) => unknown

function createFileTaker() {
  return shallowRef<Take | null>(null)
}

const [provideFileTaker, useFileTaker] = shared(createFileTaker)
/** Who takes what is dropped anywhere or pasted; null: the start page. */
export { provideFileTaker }

/** Takes dropped and pasted files while the component lives. */
export function useTakeFiles(take: Take) {
  const taker = useFileTaker()
  taker.value = take
  onScopeDispose(() => {
    if (taker.value === take) taker.value = null
  })
}

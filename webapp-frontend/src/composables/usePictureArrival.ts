import { onScopeDispose, ref } from 'vue'

/** Takes the first file dropped anywhere on the page or pasted; `dragging` while one hovers. */
export function usePictureArrival(take: (file: File) => unknown) {
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
    takeFirst(event.dataTransfer)
  }

  function onPaste(event: ClipboardEvent) {
    takeFirst(event.clipboardData)
  }

  function takeFirst(data: DataTransfer | null) {
    const file = data?.files[0]
    if (file) take(file)
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

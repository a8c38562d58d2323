import { type PictureFolder, usePictureFolder } from '@/features/batch/usePictureFolder'
import type { Files } from '@/ui/useFiles'
import { type Detection, useDetection } from './useDetection'

/** Takes files for a check: one is judged at once, several become a job. */
export function createPicking({ check }: Detection, folder: PictureFolder) {
  return (files: Files) => {
    if (files.length > 1) {
      folder.take(files)
      return
    }
    if (folder.refuse()) return
    folder.forget()
    void check(files[0])
  }
}

export function usePicking() {
  return createPicking(useDetection(), usePictureFolder())
}

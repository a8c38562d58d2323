import type { FaceBox, ModelRow, Prediction } from '@/api/types'

/** The models that judged faces of the picture, and not the whole of it. */
export function faceJudges(results: Prediction[]): Prediction[] {
  return results.filter(({ faces }) => faces.length)
}

/** Whether a model looks for faces: it was made for cut-outs of them. */
export function looksForFaces({ card }: Pick<ModelRow, 'card'>): boolean {
  return typeof card?.input.face_margin === 'number'
}

/** Where a face lies, as CSS lengths of a box round the upright picture. */
export function placeOf({ left, top, width, height }: FaceBox): Record<string, string> {
  const [right, bottom] = [within(left + width), within(top + height)]
  return {
    left: share(within(left)),
    top: share(within(top)),
    width: share(right - within(left)),
    height: share(bottom - within(top)),
  }
}

/** A picture of which only the box shows, as CSS lengths in a frame of the box's shape. */
export function croppedTo({ left, top, width, height }: FaceBox): Record<string, string> {
  return {
    left: share(-left / width),
    top: share(-top / height),
    width: share(1 / width),
    height: share(1 / height),
  }
}

/** What reaches over the picture's edge is not to be seen. */
function within(place: number): number {
  return Math.min(Math.max(place, 0), 1)
}

function share(value: number): string {
  return `${(value * 100).toFixed(2)}%`
}

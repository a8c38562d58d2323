import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Drawn pictures of the repository, all 160 x 160: a face that the detector finds, and a colour wash. */
const PARITY = '../detection-model/detection_model/export/parity'
export const DRAWN_FACE = join(PARITY, '0.jpg')
export const NO_FACE = join(PARITY, '6.jpg')

/** Chromium plays a file as its camera at this rate, and again from the start. */
const FRAMES_PER_SECOND = 30

/** A video that shows JPEG pictures of one size in turn, each for some seconds. */
export function videoOf(pictures: string[], seconds: number): string {
  const file = join(mkdtempSync(join(tmpdir(), 'video-')), 'camera.mjpeg')
  const frames = pictures.flatMap((name) =>
    Array<Buffer>(Math.round(seconds * FRAMES_PER_SECOND)).fill(readFileSync(name)),
  )
  writeFileSync(file, Buffer.concat(frames))
  return file
}

/** What makes Chromium use such a video as its camera. */
export function cameraArguments(video: string): string[] {
  return ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${video}`]
}

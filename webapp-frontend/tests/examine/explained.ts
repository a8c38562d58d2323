import type { Explanation, ForensicResult, ProvenanceAnswer } from '@/api/types'
import { silence } from '../samples'

const image = {
  sha256: 'b'.repeat(64),
  size_bytes: 100,
  width: 60,
  height: 30,
  format: 'JPEG',
  notes: [],
}

/** Levels of a heat map as the API packs them: int16, little-endian, base64. */
export function packed(levels: number[]): string {
  return btoa(String.fromCharCode(...new Uint8Array(Int16Array.from(levels).buffer)))
}

/** A heat map of 3 x 3 places: the upper left speaks for Fake, the lower right less so for Real. */
export function explanation(changes: Partial<Explanation> = {}): Explanation {
  const levels = [100, 20, 0, 0, 0, 0, 0, -32768, -50]
  return {
    success: true,
    model: 'v1',
    model_sha256: 'a'.repeat(64),
    method: 'gradcam',
    image,
    judged: 'face',
    face: 0,
    box: { left: 0.5, top: 0, width: 0.5, height: 1 },
    log_odds: 3.1,
    unit: 'own',
    figures: {},
    map: { width: 3, height: 3, values: packed(levels), step: 0.01, least: -0.5, most: 1 },
    overlays: [
      { towards: 'Fake', colours: 'viridis', png: 'ZmFrZQ==' },
      { towards: 'Real', colours: 'viridis', png: 'cmVhbA==' },
      { towards: 'Fake', colours: 'jet', png: 'ZmFrZS1qZXQ=' },
      { towards: 'Real', colours: 'jet', png: 'cmVhbC1qZXQ=' },
    ],
    legend: { viridis: ['#440154', '#fde725'], jet: ['#000080', '#800000'] },
    ...changes,
  }
}

type Jpeg = Extract<ForensicResult, { view: 'jpeg' }>

/** What the tables of a JPEG file tell. */
export function jpegLook(numbers: Partial<Jpeg['numbers']> = {}): Jpeg {
  return {
    success: true,
    view: 'jpeg',
    title: '',
    shows: '',
    limits: '',
    image,
    images: [],
    numbers: {
      format: 'JPEG',
      tables: [],
      quality: 85,
      libjpeg: true,
      distance: 0,
      subsampling: '4:2:0',
      progressive: false,
      ...numbers,
    },
  }
}

/** What a file without any metadata says of itself. */
export function provenance(changes: Partial<ProvenanceAnswer> = {}): ProvenanceAnswer {
  return {
    success: true,
    image,
    statement: silence,
    says_generated: false,
    claims: [],
    credentials: { state: 'none', actions: [], ingredients: 0, problems: [] },
    entries: [],
    masked: 0,
    problems: [],
    attachments: [],
    trust_list: false,
    ...changes,
  }
}

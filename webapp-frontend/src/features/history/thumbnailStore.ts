/** Thumbnails of judged pictures in this browser's IndexedDB, by the SHA-256 of the picture. */

interface Row {
  sha256: string
  /** Milliseconds since 1970. */
  saved: number
  thumbnail: Blob
}

const NAME = 'thumbnails'
const MOST = 1000

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore(NAME, { keyPath: 'sha256' }).createIndex('saved', 'saved')
  }
  return answerOf(request)
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB failed'))
    }
  })
}

async function withStore<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const database = await open()
  try {
    return await work(database.transaction(NAME, mode).objectStore(NAME))
  } finally {
    database.close()
  }
}

/** Saves a thumbnail; beyond 1,000 the oldest make room. */
export async function saveThumbnail(sha256: string, thumbnail: Blob): Promise<void> {
  await withStore('readwrite', async (store) => {
    await answerOf(store.put({ sha256, saved: Date.now(), thumbnail } satisfies Row))
    const surplus = (await answerOf(store.count())) - MOST
    if (surplus <= 0) return
    const oldest = await answerOf(store.index('saved').getAllKeys(null, surplus))
    await Promise.all(oldest.map((key) => answerOf(store.delete(key))))
  })
}

export async function readThumbnail(sha256: string): Promise<Blob | null> {
  const row = await withStore('readonly', (store) =>
    answerOf(store.get(sha256) as IDBRequest<Row | undefined>),
  )
  return row?.thumbnail ?? null
}

export function deleteThumbnail(sha256: string): Promise<void> {
  return withStore('readwrite', (store) => answerOf(store.delete(sha256)))
}

export function deleteThumbnails(): Promise<void> {
  return withStore('readwrite', (store) => answerOf(store.clear()))
}

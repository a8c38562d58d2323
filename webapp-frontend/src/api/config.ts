import { readonly, shallowRef } from 'vue'
import { limitUploads } from './client'
import { getConfig } from './endpoints'
import type { ServiceConfig } from './types'

const config = shallowRef<ServiceConfig | null>(null)

/** Reads once what the service accepts. Without an answer the page sends everything and the service decides. */
export async function loadConfig(): Promise<void> {
  config.value = await getConfig().catch(() => null)
  if (config.value) limitUploads(config.value.max_upload_bytes)
}

/** The limits of the service and whether it keeps a history; null until they are known. */
export function useConfig() {
  return readonly(config)
}

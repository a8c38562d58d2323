import createClient from 'openapi-fetch'
import type { paths } from './schema'

/** Calls the API on the page's own origin; paths and answers are typed by openapi.json. */
export const client = createClient<paths>({ baseUrl: window.location.origin })

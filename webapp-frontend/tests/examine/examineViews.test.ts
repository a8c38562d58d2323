import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { Credentials, ProvenanceAnswer } from '@/api/types'
import AttachmentList from '@/features/examine/AttachmentList.vue'
import ClaimNotice from '@/features/examine/ClaimNotice.vue'
import CredentialPanel from '@/features/examine/CredentialPanel.vue'
import EntryTable from '@/features/examine/EntryTable.vue'
import JpegTables from '@/features/examine/JpegTables.vue'
import { useForensicFacts } from '@/i18n/examine'
import { i18n } from '@/i18n/i18n'
import { CREDENTIAL_LOOKS } from '@/ui/looks'
import { createDesign } from '@/ui/theme'
import openapi from '../../openapi.json'
import { composed } from '../composed'
import { jpegLook, provenance } from './explained'

const global = { plugins: [i18n, createDesign()] }
const { schemas } = openapi.components

it('has words for every method, view, source and state of the service', () => {
  const methods = schemas.Explanation.properties.method.enum
  const views = schemas.ForensicView.properties.view.enum
  const states = schemas.Credentials.properties.state.enum
  const keys = [
    ...methods.flatMap((one) => ['title', 'what'].map((part) => `examine.heat.method.${one}.${part}`)),
    ...views.flatMap((one) => ['title', 'shows', 'limits'].map((part) => `forensics.${one}.${part}`)),
    ...states.flatMap((one) => ['state', 'what'].map((part) => `provenance.credentials.${part}.${one}`)),
    ...states.map((one) => `provenance.claim.signature.${one}`),
    ...schemas.Statement.properties.claim.enum.map((one) => `provenance.statement.${one}`),
    ...schemas.Statement.properties.trust.enum
      .filter((one) => one !== 'none')
      .map((one) => `provenance.trust.${one}`),
    ...schemas.Attachment.properties.kind.enum.map((one) => `provenance.attachments.${one}`),
    ...schemas.Claim.properties.source.enum.map((one) => `provenance.source.${one}`),
  ]
  expect(keys.filter((key) => !i18n.global.te(key))).toEqual([])
})

it('tells a JPEG quality, whose tables made it, and leaves out what does not apply', () => {
  const factsOf = composed(useForensicFacts)
  const told = (look = jpegLook()) => factsOf(look).map(({ label, value }) => `${label}: ${String(value)}`)
  expect(told()).toContain('Quality: 85, standard libjpeg tables')
  expect(told()).toContain('Progressive: no')
  expect(told(jpegLook({ libjpeg: false }))).toContain(
    "Quality: about 85; tables of a camera or editor",
  )
  const none = { quality: null, libjpeg: null, distance: null, subsampling: null, progressive: null }
  expect(told(jpegLook({ format: 'PNG', ...none }))).toEqual(['Format: PNG'])
})

it('shows quantisation tables as tables, and says where there are none', () => {
  const table = Array.from({ length: 8 }, (_, row) => Array.from({ length: 8 }, () => row))
  const shown = mount(JpegTables, { props: { tables: [table, table] }, global })
  expect(shown.findAll('caption').map((one) => one.text())).toEqual(['Luminance', 'Chrominance'])
  expect(shown.findAll('td')).toHaveLength(128)
  expect(mount(JpegTables, { props: { tables: [] }, global }).text()).toContain('not a JPEG')
})

it('reports a file that calls itself generated, and how far its word is signed', () => {
  const claim = {
    source: 'c2pa' as const,
    field: 'c2pa.created',
    says: 'trainedAlgorithmicMedia',
    extent: 'whole' as const,
    earlier: false,
  }
  const props = { claims: [{ ...claim, signature: 'unknown_signer' as const }, { ...claim, field: 'x' }] }
  const notice = mount(ClaimNotice, { props, global })
  expect(notice.get('h3').text()).toBe('The file declares itself generated')
  const [signed, plain] = notice.findAll('li').map((one) => one.text())
  expect(signed).toContain('by an unknown signer')
  expect(plain).toContain('unsigned metadata that anyone can write')
  expect(notice.text()).toContain('independent of the models')
  expect(mount(ClaimNotice, { props: { claims: [] }, global }).text()).toContain('proves nothing')
})

it('lists what else is in the file', () => {
  const attachments = [{ kind: 'archive' as const, size_bytes: 2048 }]
  const list = mount(AttachmentList, { props: { attachments }, global })
  expect(list.text()).toContain('An archive behind the picture, 2 kB')
  expect(list.text()).toContain('No model judges it')
})

function credentialsOf(state: Credentials['state'], trustList = true) {
  const credentials = { state, actions: [], ingredients: 0, problems: ['assertion.mismatch'] }
  return mount(CredentialPanel, { props: { credentials, trustList }, global })
}

it('tells the states of credentials apart by icon and words', () => {
  const icons = Object.values(CREDENTIAL_LOOKS).map(({ icon }) => icon)
  expect(new Set(icons).size).toBe(icons.length)
  expect(credentialsOf('trusted').get('.badge').text()).toBe('Valid, trusted signer')
  expect(credentialsOf('unknown_signer').get('.badge').text()).toBe('Valid, unknown signer')
  const invalid = credentialsOf('invalid')
  expect(invalid.get('.badge').text()).toBe('Invalid')
  expect(invalid.text()).toContain('assertion.mismatch')
})

it('says why no signer is trusted where the service has no list of them', () => {
  expect(credentialsOf('unknown_signer', false).text()).toContain('no list of trusted signers')
  expect(credentialsOf('unknown_signer').text()).not.toContain('no list of trusted signers')
})

const entries: ProvenanceAnswer['entries'] = [
  { source: 'exif', name: 'GPSLatitude', value: null, cut: false },
  { source: 'text', name: 'parameters', value: 'Steps: 20', cut: true },
]

it('hides personal fields until they are asked for', async () => {
  const props = { provenance: provenance({ entries, masked: 1 }), personal: false }
  const table = mount(EntryTable, { props, global })
  const [hidden, shown] = table.findAll('tbody tr').map((row) => row.findAll('td')[1]?.text())
  expect([hidden, shown]).toEqual(['hidden: may be personal', 'Steps: 20…'])
  expect(table.get('button').text()).toBe('Show 1 personal field')
  await table.get('button').trigger('click')
  expect(table.emitted('toggle')).toHaveLength(1)
})

it('offers no personal fields where there are none', () => {
  const table = mount(EntryTable, { props: { provenance: provenance(), personal: false }, global })
  expect(table.text()).toContain('The file has no metadata.')
  expect(table.find('button').exists()).toBe(false)
})

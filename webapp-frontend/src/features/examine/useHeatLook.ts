import { ref } from 'vue'
import type { ClassName, HeatColours } from '@/api/types'
import { useRemembered } from '@/ui/useRemembered'

/** `over`: the heat map over the picture; `beside`: the picture left of a handle, the heat map right. */
export type HeatLayout = 'over' | 'beside'

const colours = useRemembered<HeatColours>('heat-colours', 'viridis')
const layout = useRemembered<HeatLayout>('heat-layout', 'over')
const opacity = ref(0.6)
const split = ref(0.5)
const towards = ref<ClassName>('Fake')

/** How the reader looks at heat maps. */
export function useHeatLook() {
  return { colours, layout, opacity, split, towards }
}

/** A moment as the reader writes it, with the zone. */
export function moment(iso: string, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(new Date(iso))
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** A span of time in its two largest units: `1 hr 5 min`, `12 min 30 sec`, `4 sec`. */
export function duration(seconds: number, locale = 'en'): string {
  const say = (value: number, unit: string) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
  const whole = Math.round(seconds)
  const large = UNITS.findIndex(([, size]) => whole >= size)
  if (large < 0) return say(whole, 'second')
  const [unit, size] = UNITS[large] ?? UNITS[2]
  const [smaller, smallSize] = UNITS[large + 1] ?? (['second', 1] as const)
  const rest = Math.floor((whole % size) / smallSize)
  const words = [say(Math.floor(whole / size), unit)]
  return (rest ? [...words, say(rest, smaller)] : words).join(' ')
}

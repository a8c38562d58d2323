import { useI18n } from 'vue-i18n'

/** The number formats in the language of the page. */
export function useFormat() {
  const { locale } = useI18n()
  return {
    bytes: (size: number) => bytes(size, locale.value),
    change: (value: number, digits: number) => change(value, digits, locale.value),
    count: (value: number) => count(value, locale.value),
    curveValue: (value: number) => curveValue(value, locale.value),
    decimal: (value: number) => decimal(value, locale.value),
    duration: (seconds: number) => duration(seconds, locale.value),
    milliseconds: (value: number) => milliseconds(value, locale.value),
    /** English is the fallback, so that its readers keep the date format of their browser. */
    moment: (iso: string) => moment(iso, locale.value === 'en' ? undefined : locale.value),
    pValue: (value: number) => pValue(value, locale.value),
    percent: (share: number) => percent(share, locale.value),
    threshold: (value: number) => threshold(value, locale.value),
    tiny: (value: number) => tiny(value, locale.value),
  }
}

const STEP = 0.001

/** A share in [0, 1] to a tenth of a percent, without claiming a certainty that it has not. */
export function percent(share: number, locale = 'en'): string {
  const format = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1 })
  if (share > 0 && share < STEP / 2) return `<${format.format(STEP)}`
  if (share < 1 && share >= 1 - STEP / 2) return `>${format.format(1 - STEP)}`
  return format.format(share)
}

/** A threshold in [0, 1] as a percentage, as short as it was chosen. */
export function threshold(value: number, locale = 'en'): string {
  const options = { style: 'percent', maximumFractionDigits: 2 } as const
  return new Intl.NumberFormat(locale, options).format(value)
}

/** A count with its thousands grouped. */
export function count(value: number, locale = 'en'): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(value)
}

/** A number with three decimals. */
export function decimal(value: number, locale = 'en'): string {
  const options = { minimumFractionDigits: 3, maximumFractionDigits: 3 }
  return new Intl.NumberFormat(locale, options).format(value)
}

/** A difference, with its sign. */
export function change(value: number, digits: number, locale = 'en'): string {
  return new Intl.NumberFormat(locale, {
    signDisplay: 'exceptZero',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value)
}

/** A tiny number, such as a rounding error, with two digits that count. */
export function tiny(value: number, locale = 'en'): string {
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 }).format(value)
}

/** A file's size, in the largest unit of 1024 that leaves a number of at least 1. */
export function bytes(size: number, locale = 'en'): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  const power = size < 1 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), units.length - 1)
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[power],
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power < 2 ? 0 : 1,
  }).format(size / 1024 ** power)
}

/** A time, to a tenth of a millisecond. */
export function milliseconds(value: number, locale = 'en'): string {
  const options = { style: 'unit', unit: 'millisecond', maximumFractionDigits: 1 } as const
  return new Intl.NumberFormat(locale, options).format(value)
}

/** A value of a curve: four decimals, and three digits that count where it is small. */
export function curveValue(value: number, locale = 'en'): string {
  const small = value !== 0 && Math.abs(value) < 0.01
  const options = small
    ? { maximumSignificantDigits: 3 }
    : { minimumFractionDigits: 4, maximumFractionDigits: 4 }
  return new Intl.NumberFormat(locale, options).format(value)
}

/** The probability that chance alone did it, without claiming more digits than it has. */
export function pValue(value: number, locale = 'en'): string {
  const format = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 })
  return value < STEP ? `<${format.format(STEP)}` : format.format(value)
}

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

/** The first characters of a hash: enough to tell two files apart by eye. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12)
}

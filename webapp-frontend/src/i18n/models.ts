import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Calibrator, Card, ModelRow } from '@/api/types'
import type { Fact } from '@/ui/facts'
import { shortHash, useFormat } from './format'

/** The file, input, output and settings of a model; unknown facts are left out. */
export function useModelFacts(model: MaybeRefOrGetter<ModelRow>) {
  const { t, te } = useI18n()
  const { bytes, count, decimal, threshold, tiny } = useFormat()
  const calibratorText = useCalibratorText()

  function ofInput({ kind, input }: Card) {
    // The card of an ensemble has the input of its first member only.
    return kind === 'ensemble' ? t('models.facts.inputOfEach') : inputText(input)
  }

  function inputText({ width, height, channels, value_range, resize, filter }: Card['input']) {
    return t('models.facts.inputText', {
      width,
      height,
      channels,
      range: value_range.join('–'),
      resize: t(`models.resize.${resize}`),
      filter,
    })
  }

  function ofScored({ kind, input: { face_margin: margin } }: Card) {
    if (kind === 'ensemble') return undefined
    return typeof margin === 'number'
      ? t('models.facts.judgesFaces', { margin: threshold(margin) })
      : t('models.facts.judgesWhole')
  }

  /** The fitted checks that can make a verdict uncertain. */
  function ofUncertainty({ conformal, scope, steadiness }: Card) {
    return {
      conformal: conformal && [
        t('models.facts.conformalText', { coverage: threshold(conformal.coverage) }),
        fittedOn(conformal),
      ],
      scope: scope && [
        t('models.facts.scopeText', {
          measures: scope.measures.map((name) => t(`models.measure.${name}`)).join(', '),
        }),
        fittedOn(scope),
      ],
      steadiness: steadiness && [
        t('models.facts.steadinessText', {
          reach: decimal(steadiness.reach),
          share: threshold(steadiness.share),
        }),
        fittedOn(steadiness),
      ],
    }
  }

  function fittedOn({ data, pictures }: { data: string; pictures: number }) {
    return t('models.facts.fittedOn', { data, pictures: count(pictures) })
  }

  function ofOutput({ activation, classes }: Card['output']) {
    if (activation === 'softmax') {
      return t('models.facts.softmax', { classes: classes.join(', ') })
    }
    return t('models.facts.sigmoid', { zero: classes[0], one: classes[1] })
  }

  function ofCard(card: Card): Record<string, Fact['value'] | null | undefined> {
    const { calibrator } = card
    return {
      architecture: card.architecture ?? undefined,
      parameters: typeof card.parameters === 'number' ? count(card.parameters) : undefined,
      judges: ofScored(card),
      input: ofInput(card),
      output: ofOutput(card.output),
      chosen: t('models.facts.chosenText', {
        value: threshold(card.threshold.value),
        chosen: card.threshold.chosen,
      }),
      calibrator: calibratorText(calibrator),
      ...ofUncertainty(card),
    }
  }

  function ofEngine({ card, engine }: ModelRow) {
    if (!engine) return card?.kind === 'ensemble' ? t('models.facts.engineOfEach') : undefined
    const name = te(`models.engine.${engine.name}`) ? t(`models.engine.${engine.name}`) : engine.name
    const difference = tiny(engine.max_difference)
    const text = t('models.facts.engineText', { name, version: engine.version, difference })
    return engine.note ? [text, engine.note] : text
  }

  return computed<Fact[]>(() => {
    const row = toValue(model)
    const { name: file, sha256, size_bytes: size } = row.file
    const values: Record<string, Fact['value'] | null | undefined> = {
      file: t('models.facts.fileText', { name: file, size: bytes(size) }),
      ...(row.card ? ofCard(row.card) : {}),
      engine: ofEngine(row),
    }
    const facts: Fact[] = Object.entries(values).flatMap(([name, value]) =>
      value?.length ? [{ label: t(`models.facts.${name}`), value }] : [],
    )
    if (sha256) facts.push({ label: t('models.facts.sha256'), value: shortHash(sha256), copy: sha256 })
    return facts
  })
}

/** The data that a model was trained on; unknown facts are left out. */
export function useDataFacts(model: MaybeRefOrGetter<ModelRow>) {
  const { t } = useI18n()
  const { count } = useFormat()

  return computed<Fact[]>(() => {
    const { card } = toValue(model)
    const training = card?.training
    const values: Record<string, Fact['value'] | undefined> = {
      split: training?.split,
      examples: Object.entries(training?.examples ?? {})
        .map(([part, n]) => `${part}: ${count(n)}`)
        .join('; '),
      epochs: training
        ? t('models.facts.epochsText', { epochs: training.epochs, seed: training.seed })
        : undefined,
      licences: card?.data_licences,
    }
    return Object.entries(values).flatMap(([name, value]) =>
      value?.length ? [{ label: t(`models.facts.${name}`), value }] : [],
    )
  })
}

/** Intended use, known failures and training data of a model; unknown facts are left out. */
export function useModelLimits(model: MaybeRefOrGetter<ModelRow>) {
  const { t } = useI18n()

  return computed<Fact[]>(() => {
    const { card } = toValue(model)
    const values: Record<string, Fact['value'] | undefined> = {
      intendedUse: card?.intended_use,
      failures: card?.known_failures,
      data: card?.training?.data,
    }
    return Object.entries(values).flatMap(([name, value]) =>
      value?.length ? [{ label: t(`models.limits.${name}`), value }] : [],
    )
  })
}

/** A calibrator in words, with its parameters. */
export function useCalibratorText() {
  const { t } = useI18n()
  const { count, decimal } = useFormat()

  return (calibrator: Calibrator) => {
    if (calibrator.kind === 'none') return t('models.calibrator.none')
    if (calibrator.kind === 'isotonic') {
      return t('models.calibrator.isotonic', { points: count(calibrator.x.length) })
    }
    const { bias } = calibrator
    const temperature = decimal(calibrator.temperature)
    return bias
      ? t('models.calibrator.platt', { temperature, bias: decimal(bias) })
      : t('models.calibrator.temperature', { temperature })
  }
}

"""How much each prediction counts where every source of pictures has the same say."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from detection_model.evaluation.metrics import Scores
from detection_model.evaluation.records import Prediction

# A source with fewer pictures says less: a handful must not decide.
_ENOUGH = 20


def voices(predictions: Sequence[Prediction]) -> Scores:
    """The weight of each prediction, (n,); those of a class add up to its number of pictures.

    Within its class every source (data set and folder below the class) weighs the same, but for
    those with fewer than 20 pictures, which weigh less in proportion. Where a class has one
    source, every weight is 1.
    """
    sources = [(row.label, row.dataset, row.generator) for row in predictions]
    sizes = Counter(sources)
    say = {source: min(1.0, size / _ENOUGH) for source, size in sizes.items()}
    pictures = Counter(row.label for row in predictions)
    whole = Counter[str]()
    for (label, _, _), share in say.items():
        whole[label] += share  # type: ignore[assignment]
    return np.asarray(
        [say[one] / whole[one[0]] * pictures[one[0]] / sizes[one] for one in sources], np.float64
    )

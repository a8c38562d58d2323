"""The numbers of a heat map: averaged to a smaller size, and stored in 16 bits."""

import numpy as np
from heat_maps import values

from app.jobs.heat_map import quantised, scaled_down


def test_a_large_map_is_averaged_and_keeps_its_extremes_in_sixteen_bits() -> None:
    attribution = np.zeros((448, 896), np.float32)
    attribution[:4, :4], attribution[4:8, :4], attribution[:, 448:] = 1.5, -0.25, np.nan
    answer = scaled_down(attribution, 224)
    assert answer.shape == (112, 224)
    assert (answer[0, 0], answer[1, 0], answer[2, 0]) == (1.5, -0.25, 0)
    assert np.isnan(answer[:, 112:]).all()
    assert not np.isnan(answer[:, :112]).any()
    encoding = quantised(answer)
    assert (encoding.most, encoding.least) == (1.5, -0.25)
    decoded = values({"map": encoding.model_dump()})
    assert np.allclose(decoded, answer, atol=1.5 / 32767, equal_nan=True)


def test_a_map_of_nothing_is_all_zero() -> None:
    encoding = quantised(np.zeros((3, 2), np.float32))
    assert (encoding.step, encoding.least, encoding.most) == (1.0, 0.0, 0.0)
    assert not values({"map": encoding.model_dump()}).any()

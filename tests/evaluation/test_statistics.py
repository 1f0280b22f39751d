import numpy as np
import pytest

from keygrid.evaluation.statistics import difference, interval


def test_the_interval_of_equal_values_has_no_width() -> None:
    found = interval([0.2, 0.2, 0.2])
    assert found is not None
    assert (found.mean, found.low, found.high) == (pytest.approx(0.2), pytest.approx(0.2), pytest.approx(0.2))
    assert str(found) == "0.200 [0.200, 0.200]"


def test_of_one_garment_nothing_is_said() -> None:
    assert interval([0.1]) is None
    assert interval([]) is None


def test_the_interval_is_that_of_the_mean_s_standard_error() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.05, 40).tolist()
    found = interval(values)
    assert found is not None
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert found.low < np.mean(values) < found.high
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)


def test_a_difference_is_of_pairs() -> None:
    values = [0.1, 0.5, 0.9]
    found = difference(values, [value - 0.02 for value in values])
    assert found is not None
    assert found.low == pytest.approx(0.02)
    assert found.high == pytest.approx(0.02)
    with pytest.raises(ValueError, match="zip"):
        difference(values, values[1:])

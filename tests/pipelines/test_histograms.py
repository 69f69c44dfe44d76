"""Histograms: percentiles are near the true ones, whatever the scale, and adding up loses nothing."""

import random

import pytest

from pipelines.histograms import SMALLEST, Histogram, add, merge, percentiles


@pytest.mark.parametrize("scale", [0.01, 1.0, 5000.0])
def test_percentiles_are_within_a_tenth(scale: float) -> None:
    draw = random.Random(3)
    values = sorted(scale * draw.lognormvariate(0, 1) for _ in range(5000))
    histogram: Histogram = {}
    for value in values:
        add(histogram, value)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        true = values[int(share * len(values)) - 1]
        told = percentiles(histogram)[name]  # type: ignore[index]  # the loop's names are those of the literal
        assert told is not None
        assert abs(told / true - 1) < 0.1, name


def test_the_widest_error_is_a_tenth() -> None:
    for thousandth in range(1000, 3000):
        histogram: Histogram = {}
        add(histogram, thousandth / 1000)
        told = percentiles(histogram)["p50"]
        assert told is not None
        assert abs(told / (thousandth / 1000) - 1) <= 0.1


def test_nothing_is_measured_of_nothing_and_zero_is_the_smallest() -> None:
    assert percentiles({}) == {"p50": None, "p90": None, "p99": None}
    histogram: Histogram = {}
    add(histogram, 0.0)
    assert percentiles(histogram)["p99"] == pytest.approx(SMALLEST, rel=0.1)


def test_adding_up_is_counting_in_one() -> None:
    draw = random.Random(4)
    whole: Histogram = {}
    parts: list[Histogram] = [{}, {}, {}]
    for number in range(300):
        value = draw.expovariate(1)
        add(whole, value)
        add(parts[number % 3], value)
    together: Histogram = {}
    for part in parts:
        merge(together, part)
    assert together == whole

"""The capacity page's sums follow from its figures: whoever changes one is told which others no longer hold."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.unit
PAGE: Final = (Path(__file__).parents[2] / "docs/capacity.md").read_text(encoding="utf-8")
SUMS: Final = re.findall(r"`([^`=]+) = ([\d.,]+)[^`]*`", PAGE)
FIGURES: Final = {
    float(each.replace(",", "")) for each in re.findall(r"^\|[^|]+\| ([\d.,]+) ?[^|]*\|", PAGE, re.MULTILINE)
}
CONSTANTS: Final = {86400.0, 3.0, 8.0, 1000.0, 100.0}
"""Seconds of a day, what the busiest hours are above the mean, bits, thousands, percent."""
_DO: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluated(node: ast.expr) -> float:
    match node:
        case ast.Constant(int() | float() as value):
            return float(value)
        case ast.BinOp(left, do, right):
            return _DO[type(do)](evaluated(left), evaluated(right))
    raise ValueError(ast.dump(node))


def plain(words: str) -> str:
    return words.replace(",", "").replace("×", "*").replace("÷", "/")


@pytest.mark.parametrize(("left", "right"), SUMS)
def test_a_sum_is_right_and_made_of_figures_that_stand_there(left: str, right: str) -> None:
    """To the digits that are shown; each number is a figure of a table, another sum's result or a constant."""
    result = float(plain(right))
    assert evaluated(ast.parse(plain(left), mode="eval").body) == pytest.approx(result, rel=0.03)
    results = {float(plain(each)) for _, each in SUMS}
    for number in re.findall(r"\d[\d.]*", plain(left)):
        assert float(number) in FIGURES | CONSTANTS | results, number


def test_there_are_sums() -> None:
    """Else the page has lost its form, and nothing is checked."""
    assert len(SUMS) >= 12

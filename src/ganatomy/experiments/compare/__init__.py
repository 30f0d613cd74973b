"""The league table: every way of finding directions and of editing with them, at equal budget and equal effect."""

from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.run import Comparison, compare
from ganatomy.experiments.compare.standing import Standing
from ganatomy.experiments.compare.truth import Truth
from ganatomy.experiments.compare.writer import write_comparison

__all__ = ["CONTESTANTS", "Comparison", "Standing", "Truth", "compare", "write_comparison"]

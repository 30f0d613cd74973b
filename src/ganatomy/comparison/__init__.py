"""The league table: every way of finding directions and of editing with them, at equal budget and equal effect."""

from ganatomy.comparison.contestants import CONTESTANTS
from ganatomy.comparison.run import Comparison, compare
from ganatomy.comparison.standing import Standing
from ganatomy.comparison.truth import Truth
from ganatomy.comparison.writer import write_comparison

__all__ = ["CONTESTANTS", "Comparison", "Standing", "Truth", "compare", "write_comparison"]

"""The league table: every method of finding directions and of editing, at equal budget and equal effect.

run           the comparison, stage by stage
contestants   every method, with what it finds and how it edits
budget        what each may learn from
editing       how each edits the same fresh images
comparison    the result: figures with intervals, ranking, significant differences
chance        what shuffled labels give
curves        what a larger change costs, and how many labels it takes
own_factors   the factors of drawn images, and whose they are
document      its page and data
"""

from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.document import comparison_document
from ganatomy.experiments.compare.own_factors import OwnFactors
from ganatomy.experiments.compare.run import compare

__all__ = ["CONTESTANTS", "Comparison", "OwnFactors", "compare", "comparison_document"]

"""Studies of the literature, each by one call on any model: what was measured, pictured and found, on one page.

account       what a study says: sentences, sections, figures, numbers
writer        the folder of a study: report.html, summary.json and figures/
"""

from ganatomy.studies.account import Account, Drawing, Section
from ganatomy.studies.writer import write_study

__all__ = [
    "Account",
    "Drawing",
    "Section",
    "write_study",
]

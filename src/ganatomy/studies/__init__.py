"""Studies of the literature, each by one call on any model: what was measured, pictured and found, on one page.

account       what a study says: sentences, sections, figures, numbers
writer        the folder of a study: report.html, summary.json and figures/
journey       Radford et al.: walks, vector arithmetic, turn vectors, a map, what the critic has learnt
linear_map    Pham Van et al.: does a penalty that makes directions orthogonal make edits cleaner?
z_against_w   Tronchon and Cadiou: is w less entangled than z?
"""

from ganatomy.studies.account import Account, Drawing, Section
from ganatomy.studies.journey import journey as study_journey
from ganatomy.studies.linear_map import study_linear_map
from ganatomy.studies.writer import write_study
from ganatomy.studies.z_against_w import z_against_w as study_z_against_w

__all__ = [
    "Account",
    "Drawing",
    "Section",
    "study_journey",
    "study_linear_map",
    "study_z_against_w",
    "write_study",
]

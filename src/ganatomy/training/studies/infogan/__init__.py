"""What InfoGAN's codes find without labels, beside directions that labels find in a plain GAN of the same data.

Chen et al. 2016, "InfoGAN"; the contrast is that of Pham Van et al., who steer by a supervised linear map.

run        `study_infogan`
codes      what a category and a continuous code change
result     purity, edits, labels and minutes
document   the page
"""

from ganatomy.training.studies.infogan.codes import CodeEdits, Purity
from ganatomy.training.studies.infogan.document import infogan_document
from ganatomy.training.studies.infogan.result import InfoganPair, InfoganStudy
from ganatomy.training.studies.infogan.run import InfoganBudget, study_infogan

__all__ = [
    "CodeEdits",
    "InfoganBudget",
    "InfoganPair",
    "InfoganStudy",
    "Purity",
    "infogan_document",
    "study_infogan",
]

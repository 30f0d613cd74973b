"""StyleGAN's ablation (Karras et al. 2019, table 1): configurations A to F with the same budget, several seeds each.

run        `study_ablation`
result     distances, their test, and the verdict
document   the page
"""

from ganatomy.training.studies.ablation.document import ablation_document
from ganatomy.training.studies.ablation.result import AblationStudy, Trained
from ganatomy.training.studies.ablation.run import AblationBudget, study_ablation

__all__ = ["AblationBudget", "AblationStudy", "Trained", "ablation_document", "study_ablation"]

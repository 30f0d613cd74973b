"""Studies that train GANs of their own: what was measured, drawn and found, on one page.

ablation   Karras et al. 2019: what each step from Progressive GAN to StyleGAN does to the distance from real images
infogan    Chen et al. 2016: what codes find without labels, beside directions that labels find in a plain GAN
"""

from ganatomy.training.studies.ablation import study_ablation
from ganatomy.training.studies.infogan import study_infogan

__all__ = ["study_ablation", "study_infogan"]

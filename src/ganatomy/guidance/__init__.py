"""Guidance: edits that look at the images on the way.

guided         codes optimised towards target probabilities, with others held
search         the search of one batch: start, step, done, finish
steps          the smallest step that moves targets and holds the rest, to first order
derivatives    gradients, or finite differences along directions
goals          targets in probabilities, logits or changes
judged         what a judge reads in edited images, and what it confirms
strength       how far each image must go along one direction
"""

from ganatomy.guidance.guided import Guided, GuidedSettings, common_gradients, confirm, guided
from ganatomy.guidance.judged import JudgedEdit, judge_edit
from ganatomy.guidance.strength import Strengths, strengths

__all__ = [
    "Guided",
    "GuidedSettings",
    "JudgedEdit",
    "Strengths",
    "common_gradients",
    "confirm",
    "guided",
    "judge_edit",
    "strengths",
]

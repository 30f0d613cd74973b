"""Guidance: edits that look at the images on the way."""

from ganatomy.guidance.guided import Guided, guided
from ganatomy.guidance.likely import Likely, likely
from ganatomy.guidance.strength import Strengths, strengths

__all__ = ["Guided", "Likely", "Strengths", "guided", "likely", "strengths"]

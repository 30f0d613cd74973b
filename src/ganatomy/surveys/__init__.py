"""Surveys: codes and the scores of their images, in memory or as columns on disk."""

from __future__ import annotations

from ganatomy.surveys.base import Survey
from ganatomy.surveys.chosen import Chosen, choose
from ganatomy.surveys.jacobians import Jacobians, gradients_flow, jacobians
from ganatomy.surveys.run import differentiate, load_survey, save_survey, survey
from ganatomy.surveys.settings import Settings
from ganatomy.surveys.stored import StoredSurvey

__all__ = [
    "Chosen",
    "Jacobians",
    "Settings",
    "StoredSurvey",
    "Survey",
    "choose",
    "differentiate",
    "gradients_flow",
    "jacobians",
    "load_survey",
    "save_survey",
    "survey",
]

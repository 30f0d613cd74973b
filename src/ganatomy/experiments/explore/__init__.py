"""The main job: survey a generator, find its directions by every method, measure what each one changes.

run           `explore`
exploration   what it finds: directions, and what edits along them change
gallery       images of the first seeds, with their scores and a map
panel         the control panel of a model, made from an exploration; panel_file writes and reads it
document      the page and the data; sentences, figures, tables and usage are its parts
"""

from ganatomy.experiments.explore.document import exploration_document
from ganatomy.experiments.explore.exploration import Exploration
from ganatomy.experiments.explore.run import explore, survey_folder

__all__ = ["Exploration", "exploration_document", "explore", "survey_folder"]

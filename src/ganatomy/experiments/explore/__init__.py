"""The main job: survey a generator, find its directions by every method, measure what each one changes.

gallery     images of the first seeds, their scores, and a map
panel       the control panel: a slider for each direction; `panel_file` keeps it
run         `explore`, and the `Exploration` that it returns
findings    the figures and sentences of an exploration
document    the page: its sections
drawings    the images and charts of the page
tables      its tables
summary     the figures as JSON
usage       lines to copy that use the directions
"""

from ganatomy.experiments.explore.document import exploration_document
from ganatomy.experiments.explore.run import Exploration, explore, survey_folder

__all__ = ["Exploration", "exploration_document", "explore", "survey_folder"]

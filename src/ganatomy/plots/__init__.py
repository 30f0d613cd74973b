"""Images of images and of numbers: `grids`, `films`, and `charts` (not imported here: it needs matplotlib)."""

from ganatomy.plots.films import film
from ganatomy.plots.grids import draw_images, enlarge, enlargement, grid, strip

__all__ = ["draw_images", "enlarge", "enlargement", "film", "grid", "strip"]

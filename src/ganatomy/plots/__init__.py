"""Images of images and of numbers: `grids`, `films`, `slider_pages`, and `charts` (not imported; needs matplotlib)."""

from ganatomy.plots.films import film
from ganatomy.plots.grids import enlarge, enlargement, grid, strip
from ganatomy.plots.slider_pages import slider_page

__all__ = ["enlarge", "enlargement", "film", "grid", "slider_page", "strip"]

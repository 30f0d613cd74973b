"""Pictures of pictures and of numbers: `grids`, `films`, and `charts` (not imported here: it needs matplotlib)."""

from ganatomy.plots.films import film
from ganatomy.plots.grids import enlarge, enlargement, grid, pictures, strip

__all__ = ["enlarge", "enlargement", "film", "grid", "pictures", "strip"]

"""Pictures of pictures and of numbers: `grids`, `films`, and `charts` (not imported here: it needs matplotlib)."""

from ganatomy.plots.films import film
from ganatomy.plots.grids import enlarge, grid, pictures, strip

__all__ = ["enlarge", "film", "grid", "pictures", "strip"]

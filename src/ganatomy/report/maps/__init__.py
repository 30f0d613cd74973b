"""Maps on pages: one that zooms, as a part of any page (`zoomable_map`) and as a page of its own."""

from ganatomy.report.maps.embedded import ZoomableMap, zoomable_map
from ganatomy.report.maps.page import write_map

__all__ = ["ZoomableMap", "write_map", "zoomable_map"]

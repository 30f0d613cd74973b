"""Maps: many codes or images as points of a plane, where neighbours are alike.

embedding     t-SNE, UMAP and PCA of any points
faithfulness  how much of the neighbourhoods a map keeps
images        the map of what a generator draws: of codes, of pixels, or of features
classes       which class each image is of, and where a class lies on a map
"""

from ganatomy.maps.classes import Classes, classes_of
from ganatomy.maps.embedding import METHODS, Map, embed
from ganatomy.maps.faithfulness import Faithfulness, faithfulness
from ganatomy.maps.images import SUBJECTS, ImageMap, map_images

__all__ = [
    "METHODS",
    "SUBJECTS",
    "Classes",
    "Faithfulness",
    "ImageMap",
    "Map",
    "classes_of",
    "embed",
    "faithfulness",
    "map_images",
]

"""Maps: many codes or pictures as points of a plane, where neighbours are alike.

embedding     t-SNE, UMAP and PCA of any points
faithfulness  how much of the neighbourhoods a map keeps
pictures      the map of what a generator draws: its codes, its pictures, or what a network sees in them
classes       which class each picture is of, and where a class lies on a map
"""

from ganatomy.maps.classes import Classes, classes_of
from ganatomy.maps.embedding import METHODS, Map, embed
from ganatomy.maps.faithfulness import Faithfulness, faithfulness
from ganatomy.maps.pictures import SUBJECTS, PictureMap, map_pictures

__all__ = [
    "METHODS",
    "SUBJECTS",
    "Classes",
    "Faithfulness",
    "Map",
    "PictureMap",
    "classes_of",
    "embed",
    "faithfulness",
    "map_pictures",
]

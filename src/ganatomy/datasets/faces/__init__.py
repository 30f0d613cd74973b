"""Drawn faces: procedural portraits with continuous factors and exact attribute labels."""

from ganatomy.datasets.faces.factors import ATTRIBUTES, FACTOR_INDEX, FACTORS, Faces, Factor, intervene
from ganatomy.datasets.faces.population import sample_faces
from ganatomy.datasets.faces.renderer import draw_faces

__all__ = [
    "ATTRIBUTES",
    "FACTORS",
    "FACTOR_INDEX",
    "Faces",
    "Factor",
    "draw_faces",
    "intervene",
    "sample_faces",
]

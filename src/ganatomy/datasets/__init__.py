"""Images with known labels: drawn faces, and tables of labels that belong to folders of images."""

from ganatomy.datasets.faces import (
    ATTRIBUTES,
    FACTOR_INDEX,
    FACTORS,
    Faces,
    Factor,
    draw_faces,
    intervene,
    sample_faces,
)
from ganatomy.datasets.folders import write_faces
from ganatomy.datasets.labels import LabelTable, read_labels

__all__ = [
    "ATTRIBUTES",
    "FACTORS",
    "FACTOR_INDEX",
    "Faces",
    "Factor",
    "LabelTable",
    "draw_faces",
    "intervene",
    "read_labels",
    "sample_faces",
    "write_faces",
]

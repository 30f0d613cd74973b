"""Photographs: read as they are, aligned as a generator knows its images, and pasted back after an edit.

photograph  reading them
faces       what a detector says; yunet is one, detectors finds it
layouts     where a face lies in the images of a data set
alignment   crops of a photograph; model_layout says where a generator has its faces
remarks     what about a crop does not fit
pasting     edited crops back into it
sampling    quadrilaterals as square images
"""

from __future__ import annotations

from ganatomy.photographs.alignment import Crops, align, crop
from ganatomy.photographs.detectors import detector_at_hand, face_detector
from ganatomy.photographs.faces import POINTS, Detector, Face, Which, choose
from ganatomy.photographs.layouts import (
    CELEBA,
    LAYOUTS,
    Layout,
    TemplateLayout,
    ffhq,
    find_layout,
    load_layout,
    measure_layout,
    save_layout,
)
from ganatomy.photographs.model_layout import model_layout
from ganatomy.photographs.pasting import CARRY, paste
from ganatomy.photographs.photograph import Photograph, open_photograph
from ganatomy.photographs.yunet import YuNet

__all__ = [
    "CARRY",
    "CELEBA",
    "LAYOUTS",
    "POINTS",
    "Crops",
    "Detector",
    "Face",
    "Layout",
    "Photograph",
    "TemplateLayout",
    "Which",
    "YuNet",
    "align",
    "choose",
    "crop",
    "detector_at_hand",
    "face_detector",
    "ffhq",
    "find_layout",
    "load_layout",
    "measure_layout",
    "model_layout",
    "open_photograph",
    "paste",
    "save_layout",
]

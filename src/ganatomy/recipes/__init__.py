"""Recipes: JSON that names one image exactly, and the images that are made from it.

recipe      the recipe as a value, as JSON, and in the files that carry it
codes       where its codes come from
moves       what is done to them
readings    what classifiers read in their images, and how usual the codes are
images      how they are shown, one class for each kind of image
rendering   from a recipe to its image
parts       dataclasses as JSON: what all of these share
fields      reading JSON that may come from anywhere
"""

from ganatomy.recipes.codes import Drawn, Given, Sum, Term
from ganatomy.recipes.images import Arithmetic, CodePath, DrawnFaces, GridReading, Mix, Sheet, Transfer, Walk
from ganatomy.recipes.moves import Along, Move, Reached, Turn
from ganatomy.recipes.readings import EditReadings, ImageReading, read_edit
from ganatomy.recipes.recipe import ModelReference, Recipe, from_json, read_recipe, save_recipe, to_json
from ganatomy.recipes.rendering import render, render_to

__all__ = [
    "Along",
    "Arithmetic",
    "CodePath",
    "Drawn",
    "DrawnFaces",
    "EditReadings",
    "Given",
    "GridReading",
    "ImageReading",
    "Mix",
    "ModelReference",
    "Move",
    "Reached",
    "Recipe",
    "Sheet",
    "Sum",
    "Term",
    "Transfer",
    "Turn",
    "Walk",
    "from_json",
    "read_edit",
    "read_recipe",
    "render",
    "render_to",
    "save_recipe",
    "to_json",
]

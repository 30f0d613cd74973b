"""What a drawn face is made of: its continuous factors, and the CelebA attributes that are read off them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import UnknownNameError


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One continuous number that the renderer draws; `low` and `high` bound what a population draws."""

    name: str
    low: float
    high: float
    draws: str


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A CelebA name: present when `factor` lies above one half, or, if `inverted`, below it."""

    name: str
    factor: str
    inverted: bool = False


THRESHOLD = 0.5
MARGIN = 0.25
"""A population never draws an attribute's factor closer to the threshold than this, so that labels can be seen."""

_ATTRIBUTE_TABLE = (
    ("5_o_Clock_Shadow", "stubble", "grey-blue tint of the lower face"),
    ("Arched_Eyebrows", "brow_arch", "height of the arch of the brows"),
    ("Bags_Under_Eyes", "eye_bags", "puffiness and dark crescents below the eyes"),
    ("Bald", "baldness", "how far the crown is free of hair; a rim stays at the sides"),
    ("Bangs", "bangs", "hair over the forehead"),
    ("Big_Lips", "lip_fullness", "thickness of both lips"),
    ("Big_Nose", "nose_size", "width and length of the nose"),
    ("Black_Hair", "hair_black", "share of black in the colour of the hair"),
    ("Blond_Hair", "hair_blond", "share of blond in the colour of the hair"),
    ("Brown_Hair", "hair_brown", "share of brown in the colour of the hair"),
    ("Bushy_Eyebrows", "brow_thickness", "thickness and darkness of the brows"),
    ("Chubby", "cheek_fullness", "width of cheeks and neck"),
    ("Double_Chin", "double_chin", "fold of skin below the chin"),
    ("Eyeglasses", "glasses", "glasses, and the size of their frame"),
    ("Goatee", "goatee", "beard on the chin"),
    ("Gray_Hair", "hair_gray", "share of grey in the colour of the hair"),
    ("Heavy_Makeup", "makeup", "eye shadow, eye liner and lashes"),
    ("High_Cheekbones", "cheekbones", "lit cheekbones, hollow cheeks below them"),
    ("Male", "masculinity", "wide jaw, neck and shoulders, low straight brows, no lashes, high neckline"),
    ("Mouth_Slightly_Open", "mouth_opening", "gap between the lips, teeth and tongue"),
    ("Mustache", "mustache", "beard on the upper lip"),
    ("Narrow_Eyes", "eye_narrowing", "how far the lids are closed"),
    ("No_Beard", "beard", "beard along the jaw"),
    ("Oval_Face", "face_ovalness", "long face with a narrow chin, instead of a round or square one"),
    ("Pale_Skin", "pallor", "how far the skin is drained of its colour"),
    ("Pointy_Nose", "nose_point", "narrow nose that ends in a point"),
    ("Receding_Hairline", "hairline_recession", "height of the forehead, bare temples"),
    ("Rosy_Cheeks", "blush", "pink cheeks"),
    ("Sideburns", "sideburns", "beard in front of the ears"),
    ("Smiling", "smile", "raised corners of a wide mouth, full cheeks"),
    ("Straight_Hair", "hair_straightness", "smooth parallel strands"),
    ("Wavy_Hair", "hair_waviness", "waves in outline and strands"),
    ("Wearing_Earrings", "earrings", "earrings, and their length"),
    ("Wearing_Hat", "hat", "hat with a brim"),
    ("Wearing_Lipstick", "lipstick", "colour of lipstick on the lips"),
    ("Wearing_Necklace", "necklace", "necklace with a pendant"),
    ("Wearing_Necktie", "necktie", "shirt, collar and tie below a jacket"),
    ("Young", "age", "lines of forehead, eyes and mouth, dull skin"),
)
_INVERTED = {"No_Beard", "Young"}

ATTRIBUTES: tuple[str, ...] = tuple(name for name, _, _ in _ATTRIBUTE_TABLE)
READINGS: tuple[Attribute, ...] = tuple(
    Attribute(name=name, factor=factor, inverted=name in _INVERTED) for name, factor, _ in _ATTRIBUTE_TABLE
)

FACTORS: tuple[Factor, ...] = (
    *(Factor(name=factor, low=0.0, high=1.0, draws=draws) for _, factor, draws in _ATTRIBUTE_TABLE),
    Factor(name="yaw", low=-24.0, high=24.0, draws="turn of the head to the right of the image, degrees"),
    Factor(name="pitch", low=-11.0, high=11.0, draws="nod of the head, downwards, degrees"),
    Factor(name="roll", low=-9.0, high=9.0, draws="tilt of the head, clockwise, degrees"),
    Factor(name="gaze", low=-1.0, high=1.0, draws="where the eyes look, left to right"),
    Factor(name="light_side", low=-1.0, high=1.0, draws="where the light comes from, left to right"),
    Factor(name="light_strength", low=0.0, high=1.0, draws="brightness and contrast of the light"),
    Factor(name="light_warmth", low=-1.0, high=1.0, draws="colour of the light, blue to orange"),
    Factor(name="skin_tone", low=0.0, high=1.0, draws="colour of the skin, light to dark"),
    Factor(name="hair_tint", low=0.0, high=1.0, draws="colour of hair of no named colour, ginger to plum"),
    Factor(name="eye_tint", low=0.0, high=1.0, draws="colour of the iris, brown over green to blue"),
    Factor(name="clothes_hue", low=0.0, high=1.0, draws="hue of the clothes, once around the circle"),
    Factor(name="clothes_tone", low=0.0, high=1.0, draws="lightness of the clothes"),
    Factor(name="accent_hue", low=0.0, high=1.0, draws="hue of hat, tie, jewels and eye shadow"),
    Factor(name="background_hue", low=0.0, high=1.0, draws="hue of the background, once around the circle"),
    Factor(name="background_tone", low=0.0, high=1.0, draws="lightness of the background"),
    Factor(
        name="hair_length", low=0.0, high=1.0, draws="length of the hair, above the ears to the shoulders"
    ),
    Factor(name="hair_volume", low=0.0, high=1.0, draws="how far the hair stands off the head"),
    Factor(name="hair_part", low=-1.0, high=1.0, draws="where the hair is parted, left to right"),
    Factor(name="face_width", low=0.0, high=1.0, draws="width of the face"),
    Factor(name="face_length", low=0.0, high=1.0, draws="distance of the chin from the eyes"),
    Factor(name="eye_spacing", low=0.0, high=1.0, draws="distance between the eyes"),
    Factor(name="eye_size", low=0.0, high=1.0, draws="size of the eyes"),
    Factor(name="brow_height", low=0.0, high=1.0, draws="distance of the brows from the eyes"),
    Factor(name="mouth_width", low=0.0, high=1.0, draws="width of the mouth at rest"),
)
FACTOR_INDEX: dict[str, int] = {factor.name: index for index, factor in enumerate(FACTORS)}


def factor_index(name: str) -> int:
    """Column of a factor.

    Raises:
        UnknownNameError: when there is no such factor.
    """
    if name not in FACTOR_INDEX:
        raise UnknownNameError("factor", name, FACTOR_INDEX)
    return FACTOR_INDEX[name]


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Drawn people as rows of factor values, in the order of `FACTORS`."""

    factors: Float[Tensor, "n f"]

    def __len__(self) -> int:
        return len(self.factors)

    def __getitem__(self, rows: slice | Tensor) -> Faces:
        return Faces(factors=self.factors[rows])

    def column(self, name: str) -> Float[Tensor, " n"]:
        """The values of one factor.

        Raises:
            UnknownNameError: when there is no such factor.
        """
        return self.factors[:, factor_index(name)]

    @property
    def labels(self) -> Bool[Tensor, "n a"]:
        """The exact attributes, in the order of `ATTRIBUTES`."""
        columns = torch.tensor([FACTOR_INDEX[reading.factor] for reading in READINGS])
        inverted = torch.tensor([reading.inverted for reading in READINGS])
        return (self.factors[:, columns] > THRESHOLD) ^ inverted


def intervene(faces: Faces, **values: float | Float[Tensor, " n"]) -> Faces:
    """The same people with some factors set, and nothing else changed: what an ideal edit would do.

    Raises:
        UnknownNameError: when there is no such factor.
    """
    factors = faces.factors.clone()
    for name, value in values.items():
        factors[:, factor_index(name)] = value
    return Faces(factors=factors)

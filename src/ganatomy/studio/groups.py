"""Groups of attributes by their meaning, under which the page lists sliders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Expression": ("Smiling", "Mouth_Slightly_Open", "High_Cheekbones", "Narrow_Eyes"),
    "Hair": (
        "Bald", "Bangs", "Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Receding_Hairline", "Straight_Hair",
        "Wavy_Hair",
    ),
    "Beard": ("5_o_Clock_Shadow", "Goatee", "Mustache", "No_Beard", "Sideburns"),
    "Person": ("Attractive", "Chubby", "Male", "Young"),
    "Face": (
        "Arched_Eyebrows", "Bags_Under_Eyes", "Big_Lips", "Big_Nose", "Bushy_Eyebrows", "Double_Chin", "Oval_Face",
        "Pointy_Nose",
    ),
    "Skin": ("Heavy_Makeup", "Pale_Skin", "Rosy_Cheeks", "Wearing_Lipstick"),
    "Accessories": ("Eyeglasses", "Wearing_Earrings", "Wearing_Hat", "Wearing_Necklace", "Wearing_Necktie"),
    "Light": ("Blurry",),
}  # fmt: skip
"""CelebA's forty attributes."""
OTHERS = "Others"
FEWEST = 8
"""With fewer attributes there are no groups."""


def groups_of(names: Sequence[str]) -> list[str] | None:
    """The group of each name; None where they cannot be told apart by groups.

    A scorer brings groups of its own by names such as "Light: warm".

    >>> groups_of(["Light: warm", "Light: hard", "Bangs", "Bald", "Male", "Young", "Smiling", "Blurry"])
    ['Light', 'Light', 'Hair', 'Hair', 'Person', 'Person', 'Expression', 'Light']
    >>> groups_of(["0", "1", "2"]) is None
    True
    """
    known = {name: group for group, members in GROUPS.items() for name in members}
    found = [
        name.partition(": ")[0] if ": " in name else known.get(name.replace(" ", "_"), OTHERS)
        for name in names
    ]
    return found if len(names) >= FEWEST and len(set(found)) > 1 else None

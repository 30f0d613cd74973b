"""How a command enlarges its images, as one group of options."""

# Annotations are values here, not texts: cyclopts reads those of a group in the module of the command.
from typing import Annotated

from ganatomy.cli.parameters import Scale, options, switch


@options
class Enlarging:
    """Size of the images."""

    scale: Scale = None
    pixels: Annotated[bool, switch("Enlarge by whole pixels instead of smoothly.")] = False


ENLARGING = Enlarging()

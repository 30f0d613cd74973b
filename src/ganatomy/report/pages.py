"""The templates of this package, filled."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ganatomy._version import __version__

PACKAGE = "ganatomy.report"


def fill(template: str, **values: object) -> str:
    """A template, filled with values beside the styles and the version."""
    environment = Environment(
        loader=PackageLoader(PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = files(PACKAGE).joinpath("page.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(css=css, version=__version__, **values)

"""What a person gives for codes: seeds, a file of latents, photographs, or images that carry their recipe.

The one place of the command line that turns these into codes. Photographs are aligned as the model's own images are,
inverted, and remembered: the same one costs nothing the second time.
"""

# Annotations are values here, not texts: cyclopts reads those that a class inherits in the module of its heir.
import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganatomy.cli.console import progress, remark, stages
from ganatomy.cli.inputs import FOREIGN, Source, open_latents
from ganatomy.cli.outputs import CODES, expect_file, expect_folder
from ganatomy.cli.parameters import Rows, options, switch
from ganatomy.cli.photographs import PHOTOGRAPHS, Aligning, is_photograph, photograph_files
from ganatomy.cli.subject import Sampling
from ganatomy.errors import CheckpointError, OutputError, SettingError
from ganatomy.reading import parse_json

if TYPE_CHECKING:
    from ganatomy.generators.base import Generator
    from ganatomy.inversion import Inversion
    from ganatomy.latents import Latents, Space
    from ganatomy.photographs import Crops, Photograph
    from ganatomy.recipes import Drawn, Given


@dataclass(frozen=True, kw_only=True)
class Inverted:
    """A photograph, and the codes of its crops.

    Args:
        psnr: of each crop, in dB.
        remarks: for each crop what does not fit and what to do; empty where it fits.
    """

    photograph: "Photograph"
    crops: "Crops"
    latents: "Latents"
    psnr: tuple[float, ...]
    remarks: tuple[str, ...]

    def lines(self) -> list[str]:
        """How well each crop fits, in a line."""
        name, count = self.photograph.name, len(self.psnr)
        named = [name] if count == 1 else [f"{name}, face {row}" for row in range(count)]
        both = zip(named, self.psnr, self.remarks, strict=True)
        return [
            f"{who}: inverted, PSNR {psnr:.1f} dB" + (f"; it {text}" if text else "")
            for who, psnr, text in both
        ]

    def data(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "photograph": self.photograph.name,
            "sha256": self.photograph.sha256,
            "psnr": list(self.psnr),
            "remarks": list(self.remarks),
            "quads": self.crops.quads.tolist(),
        }


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Codes, and the photographs that they were found for, in the same order."""

    codes: "Drawn | Given"
    inverted: tuple[Inverted, ...] = ()

    def data(self) -> dict[str, Any]:
        """What JSON says of photographs; nothing where there are none."""
        return {"photographs": [each.data() for each in self.inverted]} if self.inverted else {}


@options
class Inverting(Aligning):
    """How photographs become codes, and whether edits go back into them."""

    budget: Annotated[str, PHOTOGRAPHS] = "balanced"
    """Time for each photograph: quick, balanced or best."""
    editability: Annotated[float | None, PHOTOGRAPHS] = None
    """From 0, the closest image, to 1, codes that can be edited like generated ones; by default in between."""
    row: Annotated[Rows, PHOTOGRAPHS] = ()
    paste: Annotated[bool, PHOTOGRAPHS, switch("Put the edited faces back into their photographs.")] = False

    def expect(self, out: Path, endings: Sequence[str]) -> None:
        """Refuse what cannot be written; several photographs are pasted into a folder.

        Raises:
            SettingError, OutputError: as `expect_file` does.
        """
        if self.paste and not out.suffix:
            expect_folder(out)
        else:
            expect_file(out, [ending for ending in endings if not self.paste or ending not in CODES])

    def refuse_paste(self, what: str) -> None:
        """Refuse --paste for images that are none of a photograph's own."""
        if self.paste:
            raise SettingError(f"{what} belongs into no photograph; leave out --paste")

    def read(self, subject: Sampling, given: Source, *, space: "str | Space | None" = None) -> Inputs:
        """The codes of seeds, of a file of latents, or of photographs.

        Args:
            subject: the model.
            given: seeds or files.
            space: that is needed; by default the one that edits work best in, for photographs w+ where there is one.

        Raises:
            SettingError: for photographs and latents together, and for --paste without photographs.
            PhotographError: for a photograph without a face. Others as `open_photograph` and `invert` say.
        """
        return self.read_all(subject, [given], space=space)[0]

    def read_all(
        self, subject: Sampling, given: Sequence[Source], *, space: "str | Space | None" = None
    ) -> list[Inputs]:
        """The same of several, such as source and target. Seeds beside photographs are drawn in their space."""
        space = None if space is None else str(space)
        files = [tuple(each for each in source if isinstance(each, Path)) for source in given]
        if self.row and not any(files):
            raise SettingError(
                "--row takes codes out of a sheet or a file of latents; of seeds, name the seed"
            )
        read = [self._read_files(subject, paths, space=space) if paths else None for paths in files]
        spaces = [inputs.latents.space for each in read if each for inputs in each.inverted]
        if self.paste and not spaces:
            raise SettingError("--paste puts faces back into photographs; give photographs instead of codes")
        own = space or (str(spaces[0]) if spaces else None)
        seeds = [tuple(each for each in source if isinstance(each, int)) for source in given]
        return [
            each or Inputs(codes=subject.seeds(drawn, space=own))
            for each, drawn in zip(read, seeds, strict=True)
        ]

    def _read_files(self, subject: Sampling, files: tuple[Path, ...], *, space: str | None) -> Inputs:
        from ganatomy.latents import Latents, Space
        from ganatomy.recipes import Given

        wanted = None if space is None else Space.parse(space)
        if len(files) == 1 and not (files[0].is_dir() or is_photograph(files[0])):
            latents = self._rows(open_latents(files[0], subject.generator), files[0])
            if subject.truncation_psi != 1 and not (latents.space == "z" and wanted not in (None, Space.Z)):
                raise SettingError(
                    f"--truncation-psi {subject.truncation_psi:g} has no effect on codes in {latents.space}, which "
                    f"{files[0]} holds; it draws codes in w closer to their mean: leave it out"
                )
            return Inputs(codes=Given(latents=latents, space=wanted, truncation_psi=subject.truncation_psi))
        mixed = next((file for file in files if file.suffix.lower() in (*CODES, *FOREIGN)), None)
        if mixed is not None:
            raise SettingError(
                f"{mixed} holds latents, and others do not; give one file of latents, or photographs"
            )
        photographs = photograph_files(files)
        carried = (
            None if self.paste or len(photographs) != 1 else carried_codes(photographs[0], subject.generator)
        )
        if carried is not None:
            remark(f"{photographs[0]} carries its recipe; its codes are taken as they are")
            return Inputs(codes=Given(latents=self._rows(carried, photographs[0]), space=wanted))
        if self.row:
            raise SettingError("--row takes codes out of a sheet or a file of latents; give one of these")
        inverted = self._invert(subject.generator, photographs, space="z" if space == "z" else None)
        latents = Latents.cat(each.latents for each in inverted)
        hashes = tuple(each.photograph.sha256 for each in inverted for _ in each.psnr)
        return Inputs(
            codes=Given(latents=latents, space=wanted, photographs=hashes), inverted=tuple(inverted)
        )

    def _rows(self, latents: "Latents", file: Path) -> "Latents":
        """The rows of a sheet or a file that were asked for."""
        if not self.row:
            return latents
        last = len(latents) - 1
        if max(self.row) > last:
            raise SettingError(f"--row {max(self.row)} is none of {file}, whose rows go from 0 to {last}")
        return latents[list(self.row)]

    def _invert(self, generator: "Generator", files: list[Path], *, space: str | None) -> list[Inverted]:
        """The codes of each photograph: those that are remembered, and all others in one go."""
        import torch

        cut = self.aligned(generator, files)
        settings = f"{space} {self.budget} {self.editability}"
        keys = [[_key(generator, image, settings) for image in crops.images] for _, crops in cut]
        images = {key: crops.images[row] for (_, crops), row_keys in zip(cut, keys, strict=True)
                  for row, key in enumerate(row_keys)}  # fmt: skip
        known = {key: remembered for key in images if (remembered := Remembered.read(key)) is not None}
        new = [key for key in images if key not in known]
        if new:
            inversion = self._inversion(generator, torch.stack([images[key] for key in new]), space=space)
            for row, key in enumerate(new):
                known[key] = Remembered(
                    latents=inversion.latents[row],
                    psnr=float(inversion.psnr[row]),
                    remark=inversion.remarks[row],
                )
                known[key].write(key)
        found = [
            _inverted(*both, [known[key] for key in row_keys])
            for both, row_keys in zip(cut, keys, strict=True)
        ]
        for each in found:
            for line in each.lines():
                remark(line)
        return found

    def _inversion(self, generator: "Generator", images: Any, *, space: str | None) -> "Inversion":
        from ganatomy.inversion import invert, prepare_inversion

        with stages() as advance:
            preparation = prepare_inversion(generator, space=space, progress=advance)
        with progress("inverting") as advance:
            return invert(
                generator,
                images,
                budget=self.budget,
                editability=self.editability,
                space=space,
                preparation=preparation,
                progress=advance,
            )


INVERTING = Inverting()


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """An inversion in the cache."""

    latents: "Latents"
    psnr: float
    remark: str

    @classmethod
    def read(cls, key: str) -> "Remembered | None":
        """The inversion of that key; None where there is none that can be read."""
        from ganatomy.storage import load_latents

        file = _cached(key)
        try:
            told = parse_json(file.with_suffix(".json").read_text())
            return cls(latents=load_latents(file), psnr=float(told["psnr"]), remark=str(told["remark"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, key: str) -> None:
        """Remember it; a cache that cannot be written is no reason to stop."""
        from ganatomy.storage import save_latents
        from ganatomy.writing import atomic_write

        with contextlib.suppress(OutputError):
            save_latents(self.latents, _cached(key))
            with atomic_write(_cached(key).with_suffix(".json")) as part:
                part.write_text(json.dumps({"psnr": self.psnr, "remark": self.remark}))


def carried_codes(file: Path, generator: "Generator") -> "Latents | None":
    """The codes of an image that carries a recipe for this generator; None for all others."""
    from ganatomy.recipes import read_recipe
    from ganatomy.recipes.rendering import plan_of

    try:
        recipe = read_recipe(file)
    except CheckpointError:
        return None
    if recipe.model is None or recipe.model.fingerprint != generator.fingerprint:
        return None
    return plan_of(recipe, generator).result


def _inverted(photograph: "Photograph", crops: "Crops", found: Sequence[Remembered]) -> Inverted:
    """What is known of the crops of one photograph; how a face lies in it is said before how its image differs."""
    from ganatomy.latents import Latents

    return Inverted(
        photograph=photograph,
        crops=crops,
        latents=Latents.cat(each.latents for each in found),
        psnr=tuple(each.psnr for each in found),
        remarks=tuple(crop or each.remark for crop, each in zip(crops.remarks, found, strict=True)),
    )


def _key(generator: "Generator", image: Any, settings: str) -> str:
    """What an inversion is remembered by: the aligned image, the generator and the settings."""
    from ganatomy import __version__

    told = f"{__version__} {generator.fingerprint} {settings} {list(image.shape)}"
    return hashlib.sha256(told.encode() + image.numpy().tobytes()).hexdigest()


def _cached(key: str) -> Path:
    from ganatomy.zoo.downloads import cache_folder

    return cache_folder() / "photographs" / f"{key[:40]}.latents"

"""What holds for every scorer, and what `scorer` makes of what it is given."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganatomy.directions import find
from ganatomy.errors import (
    CheckpointError,
    MissingFileError,
    ScoreError,
    SettingError,
    UnknownNameError,
)
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import (
    AttributeConfig,
    AttributeNetwork,
    FunctionScorer,
    NetworkScorer,
    OracleScorer,
    Scores,
    TableScorer,
    TruthScorer,
    scorer,
)
from ganatomy.perception.base import _check_images, class_log_odds, fit_images, logit
from ganatomy.surveys import load_survey, survey


def brightness(images: Tensor) -> Tensor:
    """Mean grey value as a probability, and its opposite."""
    bright = images.mean((1, 2, 3)) / 2 + 0.5
    return torch.stack([bright, 1 - bright], dim=1)


def images(n: int = 5, *, channels: int = 3, size: int = 16) -> Tensor:
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(n)) * 2 - 1


@pytest.fixture
def bright() -> FunctionScorer:
    return FunctionScorer(brightness, ["Bright", "Dark"])


class TestScores:
    def test_probabilities_are_the_sigmoid_of_the_logits(self):
        scores = Scores(names=("A", "B"), logits=torch.tensor([[0.0, 100.0]]))
        assert torch.equal(scores.probabilities, torch.tensor([[0.5, 1.0]]))

    def test_one_row_keeps_the_batch_axis(self):
        scores = Scores(names=("A",), logits=torch.arange(3.0)[:, None])
        assert scores[-1].logits.tolist() == [[2.0]]
        assert scores[torch.tensor([2, 0])].column("A").tolist() == [2.0, 0.0]
        with pytest.raises(IndexError, match="row 3 of 3"):
            scores[3]

    def test_selecting_reorders_the_columns(self):
        scores = Scores(names=("A", "B", "C"), logits=torch.tensor([[1.0, 2.0, 3.0]]))
        assert scores.select(["C", "A"]).logits.tolist() == [[3.0, 1.0]]

    def test_a_misspelt_attribute_gets_did_you_mean(self):
        with pytest.raises(UnknownNameError, match="did you mean 'Smiling'"):
            Scores(names=("Smiling", "Male"), logits=torch.zeros(1, 2)).column("Smilling")

    def test_joining_keeps_the_order_and_refuses_other_attributes(self):
        a, b = (Scores(names=("A",), logits=torch.full((1, 1), value)) for value in (1.0, 2.0))
        assert Scores.cat([a, b]).column("A").tolist() == [1.0, 2.0]
        with pytest.raises(SettingError, match="different attributes"):
            Scores.cat([a, Scores(names=("B",), logits=torch.zeros(1, 1))])

    @pytest.mark.parametrize("names", [("A",), ("A", "B", "C"), ("A", "A"), ()])
    def test_names_must_be_unique_and_fit_the_columns(self, names: tuple[str, ...]):
        with pytest.raises(SettingError):
            Scores(names=names, logits=torch.zeros(1, 2))


class TestChecks:
    @pytest.mark.parametrize(
        "wrong",
        [torch.zeros(3, 8, 8), torch.zeros(1, 5, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)],
        ids=["no batch axis", "five channels", "bytes"],
    )
    def test_what_is_no_batch_of_images_is_refused(self, wrong: Tensor):
        with pytest.raises(SettingError, match="images are"):
            _check_images(wrong, start=0)

    def test_images_in_0_to_255_are_refused(self, bright: FunctionScorer):
        with pytest.raises(SettingError, match=r"\[0, 255\]"):
            bright.score(torch.linspace(0, 255, 3 * 64).view(1, 3, 8, 8))

    def test_images_a_little_outside_the_range_are_clipped(self, bright: FunctionScorer):
        assert torch.equal(
            bright.score(images() * 1.3).logits, bright.score((images() * 1.3).clamp(-1, 1)).logits
        )

    def test_an_image_that_is_not_a_number_is_refused_by_its_row(self, bright: FunctionScorer):
        broken = images()
        broken[3, 0, 0, 0] = torch.nan
        with pytest.raises(ScoreError, match="row 103"):
            bright.score(broken, start=100)

    @pytest.mark.parametrize("value", [torch.nan, torch.inf])
    def test_a_score_that_is_not_a_number_is_refused_by_attribute_and_row(self, value: float):
        def broken(batch: Tensor) -> Tensor:
            logits = torch.zeros(len(batch), 2)
            logits[4, 1] = value
            return logits

        with pytest.raises(ScoreError, match=r"'Dark' in row 14"):
            FunctionScorer(broken, ["Bright", "Dark"], output="logits").score(images(), start=10)

    def test_no_images_give_no_scores(self, bright: FunctionScorer):
        assert bright.score(torch.zeros(0, 3, 8, 8)).logits.shape == (0, 2)

    def test_half_precision_images_are_read(self, bright: FunctionScorer):
        assert bright.score(images().half()).logits.dtype == torch.float32


class TestFunction:
    def test_probabilities_become_logits(self, bright: FunctionScorer):
        expected = torch.sigmoid(bright.score(images()).logits)
        torch.testing.assert_close(expected, brightness(images()))

    def test_certain_probabilities_stay_finite(self):
        sure = FunctionScorer(lambda batch: torch.ones(len(batch)), ["A"])
        assert 13 < float(sure.score(images(1)).logits) < 14

    def test_values_that_are_no_probabilities_are_refused(self):
        raw = FunctionScorer(lambda batch: batch.sum((1, 2, 3)) * 0 + 3, ["A"])
        with pytest.raises(ScoreError, match='output="logits"'):
            raw.score(images())

    def test_a_wrong_number_of_columns_is_refused_with_both_shapes(self):
        with pytest.raises(ScoreError, match=r"\[5, 2\].*\[5, 3\]"):
            FunctionScorer(brightness, ["A", "B", "C"]).score(images())

    def test_a_numpy_result_is_taken(self):
        found = FunctionScorer(lambda batch: batch.mean((1, 2, 3)).numpy(), ["A"], output="logits")
        torch.testing.assert_close(found.score(images()).column("A"), images().mean((1, 2, 3)))

    def test_class_logits_become_log_odds_of_a_softmax(self):
        raw = torch.tensor([[3.0, -1.0, 0.5]])
        found = FunctionScorer(
            lambda batch: raw.expand(len(batch), 3), ["A", "B", "C"], output="class logits"
        )
        torch.testing.assert_close(found.score(images(1)).probabilities, raw.softmax(1))

    def test_names_are_needed(self):
        with pytest.raises(SettingError, match="names="):
            FunctionScorer(brightness)

    def test_an_unknown_output_is_refused(self):
        with pytest.raises(SettingError, match="choose one of"):
            FunctionScorer(brightness, ["A", "B"], output="percent")

    def test_functions_differ_by_source_and_modules_by_weights(self):
        other = FunctionScorer(lambda batch: 1 - brightness(batch), ["Bright", "Dark"])
        assert other.fingerprint != FunctionScorer(brightness, ["Bright", "Dark"]).fingerprint
        nets = [torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 1)) for _ in range(2)]
        a, b = (FunctionScorer(net, ["A"]).fingerprint for net in nets)
        assert a != b
        nets[1].load_state_dict(nets[0].state_dict())
        assert FunctionScorer(nets[1], ["A"]).fingerprint == a


ODD = {
    "nothing": (lambda _: None, "gave NoneType, not numbers"),
    "a dict": (lambda _: {"Bright": 1}, "gave dict, not numbers"),
    "texts": (lambda images: ["high"] * len(images), "gave list, not numbers"),
    "an error": (lambda images: images["Bright"], r"fails on images of shape \[2, 3, 16, 16\]: \w+Error"),
    "a number for all": (lambda images: images.mean(), r"of shape \[\] for 2 images"),
    "images": (lambda images: images, r"of shape \[2, 3, 16, 16\] for 2 images"),
    "complex": (lambda images: torch.zeros(len(images), dtype=torch.complex64), "must be real"),
}


@pytest.mark.parametrize(("function", "match"), ODD.values(), ids=ODD)
def test_functions_that_return_nonsense_are_told_so(function, match):
    with pytest.raises(ScoreError, match=match):
        scorer(function, names="Bright").score(images(2))


def test_one_name_is_one_attribute():
    assert scorer(lambda x: x.mean((1, 2, 3)), names="Bright", output="logits").names == ("Bright",)
    assert scorer(brightness, names=["Bright", "Dark"]).select("Dark").names == ("Dark",)


@pytest.mark.parametrize("scale", ["bytes", "bytes around their mean"])
def test_images_of_bytes_are_refused(bright, scale):
    with pytest.raises(SettingError, match=r"images are in \[-1, 1\]"):
        bright.score(images(2) * 127.5 + (127.5 if scale == "bytes" else 0))


class TestTable:
    def table(self, folder, text: str):
        (folder / "labels.csv").write_text(text)
        return folder / "labels.csv"

    def test_row_i_belongs_to_sample_i(self, tmp_path):
        found = TableScorer(self.table(tmp_path, "file,Cat,Big\n0.png,1,0\n1.png,0,0\n2.png,1,1\n"))
        assert found.names == ("Cat", "Big")
        assert (found.score(images(2), start=1).logits > 0).tolist() == [[False, False], [True, True]]

    @pytest.mark.parametrize(
        "cells",
        ["1,-1,1", "1,0,1", "yes,no,Yes", "True,false,true", ".9,.2,.7"],
        ids=["CelebA", "0 and 1", "words", "booleans", "probabilities"],
    )
    def test_labels_in_every_spelling(self, tmp_path, cells: str):
        found = TableScorer(self.table(tmp_path, "Cat\n" + cells.replace(",", "\n")))
        assert (found.score(images(3)).column("Cat") > 0).tolist() == [True, False, True]

    def test_probabilities_stay_what_they_are(self, tmp_path):
        found = TableScorer(self.table(tmp_path, "Cat\n0.25\n"))
        assert found.score(images(1)).probabilities.item() == pytest.approx(0.25)

    def test_a_row_column_gives_the_order(self, tmp_path):
        found = TableScorer(self.table(tmp_path, "row,Cat\n2,1\n0,0\n1,0\n"))
        assert (found.score(images(3)).column("Cat") > 0).tolist() == [False, False, True]
        with pytest.raises(CheckpointError, match="0 to 1 once"):
            TableScorer(self.table(tmp_path, "row,Cat\n0,1\n0,0\n"))

    def test_parquet_reads_as_csv_does(self, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"file": ["a", "b"], "Cat": [True, False]}), tmp_path / "labels.parquet")
        a = TableScorer(tmp_path / "labels.parquet").score(images(2))
        b = TableScorer(self.table(tmp_path, "Cat\n1\n0\n")).score(images(2))
        assert torch.equal(a.logits, b.logits)

    def test_missing_labels_are_left_out_where_their_attribute_is_learnt(self, tmp_path):
        toy = ToyGenerator(attributes=("red", "round"), seed=0)
        exact = OracleScorer(toy).score(toy(toy.sample(200, seed=0))).logits > 0
        rows = [["yes" if value else "no" for value in row] for row in exact.tolist()]
        for row in range(150, 200):
            rows[row][0] = ""
        rows[3] = ["", ""]
        path = self.table(tmp_path, "\n".join(["red,round", *map(",".join, rows)]))
        seen = survey(toy, TableScorer(path), n=200)
        assert seen.scores.logits.isnan().sum(0).tolist() == [51, 1]
        assert seen.prevalence["round"] == pytest.approx(
            float(exact[[*range(3), *range(4, 200)], 1].double().mean())
        )
        assert len(seen.labelled("red")) == len(seen.labelled(["red", "round"])) == 149
        assert not (seen.balanced("red").sample_rows >= 150).any()
        found = {name: find(seen, [name], method="logistic")[name].vector for name in seen.names}
        for truth in toy.truth:
            assert float(found[truth.name] @ truth.vector) > 0.9
        with pytest.raises(ScoreError, match="51 of 200 images have no label of 'red'"):
            seen.labels("red")

    def test_a_survey_with_missing_labels_is_written_and_read(self, tmp_path):
        toy = ToyGenerator(attributes=("red", "round"), seed=0)
        path = self.table(tmp_path, "red,round\n1,0\n,1\n0,\n")
        survey(toy, TableScorer(path), n=3, folder=tmp_path / "my.survey")
        read = load_survey(tmp_path / "my.survey")
        assert read.scores.logits.isnan().tolist() == [[False, False], [True, False], [False, True]]
        with pytest.raises(ScoreError, match="no image has a label of round"):
            read[2].labelled("round")

    def test_more_samples_than_rows_are_refused_with_the_number_of_rows(self, tmp_path):
        with pytest.raises(ScoreError, match="at most 2"):
            TableScorer(self.table(tmp_path, "Cat\n1\n0\n")).score(images(2), start=1)

    @pytest.mark.parametrize(
        ("text", "error", "match"),
        [
            ("Cat\n1\n\n", None, ""),
            ("Cat\n1\nO\n", CheckpointError, "'Cat' has 'O' in row 1"),
            ("Cat\n1\n7\n", CheckpointError, "'Cat' has 7 in row 1"),
            ("Cat,Dog\n1\n", CheckpointError, "row 0 has 1 cells"),
            ("Cat,Cat\n1,0\n", CheckpointError, "same name"),
            ("file\na.png\n", CheckpointError, "no labels"),
            ("", CheckpointError, "no labels"),
            ("Cat,Dog\n", CheckpointError, "no labels"),
        ],
        ids=[
            "an empty last line is fine",
            "slip of the pen",
            "not a label",
            "short line",
            "two columns of one name",
            "text only",
            "empty file",
            "names only",
        ],
    )
    def test_bad_tables(self, tmp_path, text: str, error: type[Exception] | None, match: str):
        path = self.table(tmp_path, text)
        if error is None:
            assert TableScorer(path).num_rows == 1
            return
        with pytest.raises(error, match=match):
            TableScorer(path)

    def test_a_file_that_is_no_table(self, tmp_path):
        (tmp_path / "x.parquet").write_bytes(b"PAR1 no PAR1")
        (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00\x80")
        for name in ("x.parquet", "x.csv"):
            with pytest.raises(CheckpointError, match="cannot be read"):
                TableScorer(tmp_path / name)

    def test_columns_can_be_chosen(self, tmp_path):
        path = self.table(tmp_path, "number,Cat,Dog\n17,1,0\n")
        assert scorer(path, names=["Dog"]).names == ("Dog",)
        with pytest.raises(UnknownNameError, match="did you mean 'Dog'"):
            scorer(path, names=["Dogs"])


class TestTruth:
    def test_the_toy_is_read_exactly(self):
        toy = ToyGenerator(z_dim=8, seed=3)
        z = toy.sample(20, seed=1)
        scores = OracleScorer(toy).score(toy(z))
        expected = torch.stack([direction.logit(z) for direction in toy.truth], dim=1)
        torch.testing.assert_close(scores.logits, expected, atol=1e-4, rtol=1e-4)

    def test_labels_are_given_by_row_without_looking(self):
        labels = torch.tensor([[True, False], [False, False], [True, True]])
        truth = TruthScorer(labels, ["A", "B"])
        assert torch.equal(truth.score(images(2), start=1).logits > 0, labels[1:])
        with pytest.raises(ScoreError, match="at most 3"):
            truth.score(images(2), start=2)
        with pytest.raises(SettingError, match="3 names"):
            TruthScorer(labels, ["A", "B", "C"])


class TestScorer:
    """The one table of what can be a scorer."""

    @pytest.fixture
    def network(self) -> AttributeNetwork:
        torch.manual_seed(0)
        return AttributeNetwork(AttributeConfig(attributes=("Smiling", "Male"), widths=(4, 8), blocks=(0, 1)))

    def test_a_file_of_an_attribute_network(self, network: AttributeNetwork, tmp_path):
        path = network.save(tmp_path / "mine.safetensors")
        found = scorer(path)
        assert isinstance(found, NetworkScorer)
        assert found.names == ("Smiling", "Male")
        chosen = scorer(str(path), names=["Male"])
        torch.testing.assert_close(chosen.score(images()).logits, found.score(images()).logits[:, 1:])
        assert chosen.fingerprint != found.fingerprint

    def test_a_function_in_a_file_is_run(self, tmp_path):
        (tmp_path / "mine.py").write_text(
            "def half(images):\n    return images.new_full((len(images),), 0.5)\nhalf.names = ['Half']\n"
        )
        spec = f"{tmp_path / 'mine.py'}:half"
        found = scorer(spec)
        assert found.names == ("Half",)
        assert found.score(images(2)).probabilities.tolist() == [[0.5], [0.5]]
        assert scorer(spec).fingerprint == found.fingerprint
        with pytest.raises(UnknownNameError, match="did you mean 'half'"):
            scorer(f"{tmp_path / 'mine.py'}:hal")
        with pytest.raises(MissingFileError, match=r"file\.py:name"):
            scorer(f"{tmp_path / 'other.py'}:half")

    def test_a_file_of_a_function_that_does_not_run(self, tmp_path):
        (tmp_path / "mine.py").write_text("import nothing_of_this_name\n")
        with pytest.raises(CheckpointError, match="does not run: ModuleNotFoundError"):
            scorer(f"{tmp_path / 'mine.py'}:half")

    def test_functions_networks_scorers_and_generators_that_know_their_truth(self, network: AttributeNetwork):
        assert scorer(brightness, names=["A", "B"]).names == ("A", "B")
        assert isinstance(scorer(network), NetworkScorer)
        assert isinstance(scorer(ToyGenerator()), OracleScorer)
        truth = TruthScorer(torch.ones(2, 2, dtype=torch.bool), ["A", "B"])
        assert scorer(truth) is truth
        assert scorer(truth, names=["B"]).num_rows == 2

    @pytest.mark.parametrize("name", ["gone.onnx", "gone.safetensors", "gone.csv", "gone.parquet"])
    def test_a_missing_file(self, tmp_path, name: str):
        with pytest.raises(MissingFileError, match=name):
            scorer(tmp_path / name)

    def test_a_file_of_no_known_kind(self, tmp_path):
        (tmp_path / "scorer.h5").write_text("x")
        with pytest.raises(CheckpointError, match=r"\.onnx"):
            scorer(tmp_path / "scorer.h5")

    def test_a_misspelt_bundled_name(self):
        with pytest.raises(UnknownNameError, match="did you mean 'faces'"):
            scorer("face")


class TestNumbers:
    def test_log_odds_of_classes_agree_with_the_dense_formula(self):
        raw = torch.randn(50, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 5
        p = raw.softmax(1)
        torch.testing.assert_close(class_log_odds(raw), p.log() - (1 - p).log())

    def test_log_odds_of_a_class_that_is_certain_stay_finite(self):
        torch.testing.assert_close(
            class_log_odds(torch.tensor([[200.0, 0.0]])), torch.tensor([[200.0, -200.0]])
        )

    def test_logit_undoes_the_sigmoid(self):
        x = torch.linspace(-13, 13, 27, dtype=torch.float64)
        torch.testing.assert_close(logit(torch.sigmoid(x)), x)

    def test_resizing_keeps_a_flat_image_and_the_range(self):
        flat = torch.full((1, 3, 9, 9), 0.25)
        torch.testing.assert_close(
            fit_images(flat, size=(32, 20), channels=3), torch.full((1, 3, 32, 20), 0.25)
        )
        sharp = torch.ones(1, 1, 8, 8)
        sharp[..., ::2] = -1
        assert fit_images(sharp, size=(13, 13), channels=1).abs().max() <= 1

    def test_resizing_agrees_with_pillow(self):
        from ganatomy.images import from_pil, to_pil

        image = from_pil(to_pil(images(1, size=20)[0]))
        ours = fit_images(image, size=(9, 9), channels=3)
        theirs = from_pil(to_pil(image[0]), size=9)
        assert (ours - theirs).abs().max() < 3 / 255

    def test_grey_is_the_luma_of_colour_and_colour_of_grey_is_equal_channels(self):
        colour = torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1)
        assert fit_images(colour, size=(1, 1), channels=1).item() == pytest.approx(2 * 0.299 - 1)
        grey = fit_images(torch.full((1, 1, 1, 1), 0.3), size=(1, 1), channels=3)
        assert grey.flatten().tolist() == pytest.approx([0.3] * 3)

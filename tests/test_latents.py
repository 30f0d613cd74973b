"""Codes and directions: what they refuse, and what the linear model says."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch

from ganatomy.errors import FingerprintError, SettingError, SpaceError, UnknownNameError
from ganatomy.latents import Direction, Directions, Latents, Space


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


def direction(
    name: str = "Smiling", *, space: str = "w", shape: tuple[int, ...] = (6,), seed: int = 1, **facts
) -> Direction:
    return Direction(name=name, vector=random(*shape, seed=seed), space=Space(space), **facts)


class TestLatents:
    @pytest.mark.parametrize(
        ("space", "shape"), [("z", (2, 3, 4)), ("w", (4,)), ("w+", (2, 4)), ("s", (2, 3, 4))]
    )
    def test_codes_have_the_axes_of_their_space(self, space, shape):
        with pytest.raises(
            SpaceError, match=rf"codes in {space.replace('+', '.')} are .*got a tensor of shape"
        ):
            Latents(codes=random(*shape), space=Space(space))

    def test_an_unknown_space_is_answered_by_those_that_exist(self):
        with pytest.raises(SpaceError, match=r"'v' is not a space; choose one of z, w, w\+, s"):
            Space.parse("v")

    def test_codes_cannot_be_changed_in_place_of_new_ones(self):
        with pytest.raises(FrozenInstanceError):
            Latents(codes=random(1, 2), space=Space.Z).codes = random(1, 2)  # pyright: ignore[reportAttributeAccessIssue]

    def test_codes_can_be_compared_and_counted_without_looking_into_tensors(self):
        a, b = Latents(codes=random(2, 2), space=Space.Z), Latents(codes=random(2, 2), space=Space.Z)
        assert a != b
        assert len({a, b}) == 2

    def test_w_plus_codes_know_their_layers(self):
        latents = Latents(codes=random(2, 5, 3), space=Space.W_PLUS, num_layers=99)
        assert (latents.num_layers, latents.dim, len(latents)) == (5, 3, 2)

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            (1, [1]),
            (-1, [3]),
            (np.int64(2), [2]),
            (slice(1, 3), [1, 2]),
            ([3, 0], [3, 0]),
            ((3, 0), [3, 0]),
            (range(2), [0, 1]),
            ([], []),
            (torch.tensor([2, 2]), [2, 2]),
            (torch.tensor([True, False, False, True]), [0, 3]),
        ],
        ids=[
            "one",
            "the last",
            "a numpy number",
            "a slice",
            "a list",
            "a tuple",
            "a range",
            "none",
            "a tensor",
            "a mask",
        ],
    )
    def test_rows_keep_the_batch_axis_and_their_labels(self, rows, expected):
        latents = Latents(codes=random(4, 3), space=Space.Z, labels=torch.eye(4), fingerprint="abc")
        chosen = latents[rows]
        assert torch.equal(chosen.codes, latents.codes[expected])
        assert chosen.labels is not None
        assert torch.equal(chosen.labels, torch.eye(4)[expected])
        assert chosen.fingerprint == "abc"

    @pytest.mark.parametrize("row", [4, -5])
    def test_a_row_that_is_not_there(self, row):
        with pytest.raises(IndexError, match=f"row {row} of 4 codes"):
            Latents(codes=random(4, 3), space=Space.Z)[row]

    def test_a_loop_over_codes_ends(self):
        assert [len(one) for one in Latents(codes=random(3, 2), space=Space.Z)] == [1, 1, 1]

    def test_w_spreads_over_its_layers(self):
        w = Latents(codes=random(2, 3), space=Space.W, num_layers=4, fingerprint="abc")
        spread = w.to("w+")
        assert spread.codes.shape == (2, 4, 3)
        assert all(torch.equal(spread.codes[:, i], w.codes) for i in range(4))
        assert spread.fingerprint == "abc"
        assert w.to("w") is w

    @pytest.mark.parametrize(("start", "end"), [("z", "w"), ("w+", "w"), ("w", "z"), ("w", "s")])
    def test_other_crossings_need_a_generator(self, start, end):
        shape = (2, 4, 3) if start == "w+" else (2, 3)
        with pytest.raises(SpaceError, match=r"use generator\.map"):
            Latents(codes=random(*shape), space=Space(start), num_layers=4).to(end)

    def test_w_of_a_generator_without_layers_cannot_spread(self):
        with pytest.raises(SpaceError):
            Latents(codes=random(2, 3), space=Space.W).to("w+")

    def test_other_codes_keep_all_but_labels_of_another_number(self):
        latents = Latents(codes=random(2, 3), space=Space.Z, labels=torch.eye(2), fingerprint="abc")
        assert latents.with_codes(random(2, 3, seed=1)).labels is latents.labels
        fewer = latents.with_codes(random(1, 3))
        assert (fewer.labels, fewer.fingerprint, len(fewer)) == (None, "abc", 1)

    def test_joined_codes_keep_order_labels_and_generator(self):
        a = Latents(codes=random(2, 3), space=Space.Z, labels=torch.eye(2), fingerprint="abc")
        b = Latents(codes=random(1, 3, seed=1), space=Space.Z, labels=torch.ones(1, 2))
        joined = Latents.cat(iter([b, a]))
        assert torch.equal(joined.codes, torch.cat([b.codes, a.codes]))
        assert joined.labels is not None
        assert joined.labels.tolist() == [[1, 1], [1, 0], [0, 1]]
        assert joined.fingerprint == "abc"
        assert Latents.cat([a, replace(b, labels=None)]).labels is None

    @pytest.mark.parametrize(
        ("other", "error", "message"),
        [
            ({"space": Space.W}, SpaceError, "w, z"),
            ({"codes": random(1, 4)}, SpaceError, r"\[3\] and \[4\]"),
            ({"fingerprint": "b" * 64}, FingerprintError, "aaaaaaaaaaaa and bbbbbbbbbbbb"),
        ],
        ids=["space", "size", "generator"],
    )
    def test_codes_that_do_not_go_together_are_not_joined(self, other, error, message):
        a = Latents(codes=random(1, 3), space=Space.Z, fingerprint="a" * 64)
        with pytest.raises(error, match=message):
            Latents.cat([a, replace(a, **other)])
        with pytest.raises(SettingError, match="no batches of codes to join"):
            Latents.cat([])


class TestDirection:
    def test_the_vector_is_brought_to_norm_one(self):
        vector = Direction(name="a", vector=torch.tensor([3.0, 4.0]), space=Space.Z).vector
        torch.testing.assert_close(vector, torch.tensor([0.6, 0.8]))

    def test_a_unit_vector_is_kept_to_the_last_bit(self):
        for seed in range(20):
            a = direction(shape=(512,), seed=seed)
            assert torch.equal(replace(a, name="b").vector, a.vector)

    @pytest.mark.parametrize("vector", [[0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]])
    def test_a_vector_that_points_nowhere_is_refused(self, vector):
        with pytest.raises(SettingError, match=r"'a' has norm .*give a finite vector"):
            Direction(name="a", vector=torch.tensor(vector), space=Space.Z)

    @pytest.mark.parametrize(("space", "shape"), [("z", (2, 3)), ("w+", (3,))])
    def test_the_vector_has_the_axes_of_its_space(self, space, shape):
        with pytest.raises(SpaceError, match=r"'Smiling' in .* needs . axes"):
            direction(space=space, shape=shape)

    def test_in_w_plus_nothing_lies_outside_its_layers(self):
        vector = direction(space="w+", shape=(4, 3), layers=(1, 3)).vector
        assert not vector[[0, 3]].any()
        assert float(vector.norm()) == pytest.approx(1)

    @pytest.mark.parametrize("layers", [(3, 3), (-1, 2), (2, 1), (0, 5)])
    def test_layers_that_cannot_be_are_refused(self, layers):
        with pytest.raises(SettingError, match=rf"cannot apply to layers {layers[0]}:{layers[1]}"):
            direction(space="w+", shape=(4, 3), layers=layers)

    def test_the_logit_is_the_linear_model(self):
        smile, w = direction(slope=2.5, intercept=-0.7), Latents(codes=random(4, 6), space=Space.W)
        expected = [2.5 * float(code @ smile.vector) - 0.7 for code in w.codes]
        assert smile.logit(w).tolist() == pytest.approx(expected, rel=1e-5)

    def test_w_codes_have_the_same_logit_when_they_are_spread(self):
        smile, w = (
            direction(slope=2.5, intercept=-0.7),
            Latents(codes=random(4, 6), space=Space.W, num_layers=5),
        )
        torch.testing.assert_close(smile.logit(w.to("w+")), smile.logit(w))

    def test_a_w_direction_of_some_layers_looks_at_those_only(self):
        smile = direction(slope=1.0, layers=(1, 3))
        w = Latents(codes=random(4, 5, 6), space=Space.W_PLUS)
        torch.testing.assert_close(smile.logit(w), w.codes[:, 1:3].mean(1) @ smile.vector)

    def test_a_w_plus_direction_looks_at_every_layer(self):
        smile = direction(space="w+", shape=(5, 6), slope=3.0)
        w = Latents(codes=random(4, 5, 6), space=Space.W_PLUS)
        torch.testing.assert_close(smile.logit(w), 3 * w.codes.flatten(1) @ smile.vector.flatten())

    @pytest.mark.parametrize(
        ("space", "codes_space", "way"),
        [
            ("z", "w", "use a direction found in w"),
            ("w", "z", "map the codes to w"),
            ("w", "s", "use a direction found in s"),
            ("s", "w", "map the codes to s"),
        ],
    )
    def test_codes_of_another_space_are_refused_with_a_way_out(self, space, codes_space, way):
        with pytest.raises(
            SpaceError, match=f"'Smiling' lives in {space}, the codes in {codes_space}; {way}"
        ):
            direction(space=space).check(Latents(codes=random(1, 6), space=Space(codes_space)))

    def test_codes_of_another_size_are_refused(self):
        with pytest.raises(SpaceError, match="has 6 numbers, the codes have 7"):
            direction().check(Latents(codes=random(1, 7), space=Space.W))
        with pytest.raises(SpaceError, match="has 4 layers, the codes have 5"):
            direction(space="w+", shape=(4, 6)).check(Latents(codes=random(1, 5, 6), space=Space.W_PLUS))

    def test_codes_of_another_generator_are_refused_until_the_direction_is_untied(self):
        smile, w = (
            direction(fingerprint="a" * 64),
            Latents(codes=random(1, 6), space=Space.W, fingerprint="b" * 64),
        )
        with pytest.raises(FingerprintError, match=r"aaaaaaaaaaaa.*bbbbbbbbbbbb.*of_any_generator"):
            smile.check(w)
        smile.of_any_generator().check(w)
        smile.check(replace(w, fingerprint=None))


class TestDirections:
    @pytest.fixture
    def found(self) -> Directions:
        return Directions(direction(name, seed=i) for i, name in enumerate(["Smiling", "Male", "Young"]))

    def test_by_name_by_position_and_by_slice(self, found):
        assert found["Male"] is found[1]
        assert found[1:].names == ["Male", "Young"]
        assert [d.name for d in found] == found.names == ["Smiling", "Male", "Young"]
        assert (len(found), found.space) == (3, Space.W)

    def test_a_misspelt_name_is_answered_by_the_right_one(self, found):
        with pytest.raises(UnknownNameError, match="no direction 'smiling'; did you mean 'Smiling'"):
            found["smiling"]
        with pytest.raises(UnknownNameError, match="did you mean 'Male'"):
            found.without("Mal")

    def test_a_set_knows_what_is_in_it(self, found):
        assert "Male" in found
        assert "Hat" not in found
        assert found[0] in found
        assert direction() not in found

    def test_some_in_another_order_and_all_but_some(self, found):
        assert found.select(["Young", "Smiling"]).names == ["Young", "Smiling"]
        assert found.without("Smiling", "Young").names == ["Male"]

    def test_the_gram_matrix_holds_the_cosines(self, found):
        vectors = found.matrix.numpy()
        expected = [
            [float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)) for a in vectors] for b in vectors
        ]
        assert np.allclose(found.gram(), expected, atol=1e-6)

    def test_two_of_one_name_are_refused(self):
        with pytest.raises(SettingError, match="share the name 'a'"):
            Directions([direction("a"), direction("a", seed=2)])

    def test_different_spaces_or_sizes_do_not_stand_together(self):
        with pytest.raises(SpaceError):
            Directions([direction("a"), direction("b", space="z")])
        with pytest.raises(SpaceError):
            Directions([direction("a"), direction("b", shape=(5,))])

    def test_an_empty_set_has_no_space(self):
        with pytest.raises(SettingError, match="empty set"):
            _ = Directions([]).space

    def test_all_can_be_untied_from_their_generator(self):
        tied = Directions([direction("a", fingerprint="abc"), direction("b", fingerprint="abc")])
        assert [d.fingerprint for d in tied.of_any_generator()] == [None, None]

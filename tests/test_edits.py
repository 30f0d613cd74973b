"""Edits: what moves, by how much, and what is left where it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.edits import arithmetic, held_step, move, neighbours, path, style_mix, turn, walk
from ganatomy.errors import FingerprintError, SettingError, SpaceError, UnknownNameError
from ganatomy.geometry import slerp, spline
from ganatomy.latents import Direction, Directions, Latents, Space

quick = settings(max_examples=25, deadline=None)
NAN = float("nan")
LAYERS, DIM = 5, 8


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def codes(n: int = 3, *, space: str = "z", seed: int = 0, **facts) -> Latents:
    shape = (n, LAYERS, DIM) if space == "w+" else (n, DIM)
    facts = {"num_layers": None if space == "z" else LAYERS, **facts}
    return Latents(codes=random(*shape, seed=seed), space=Space(space), **facts)


def direction(name: str = "Smiling", *, space: str = "z", seed: int = 100, vector=None, **facts) -> Direction:
    shape = (LAYERS, DIM) if space == "w+" else (DIM,)
    vector = random(*shape, seed=seed) if vector is None else vector
    return Direction(name=name, vector=vector, space=Space(space), **facts)


def several(*names: str, space: str = "z", seed: int = 200) -> list[Direction]:
    return [direction(name, space=space, seed=seed + i) for i, name in enumerate(names)]


def along(step: torch.Tensor, other: Direction) -> float:
    return float((step * other.vector).sum())


class TestMove:
    def test_strength_is_a_distance_along_the_unit_vector(self):
        z, smile = codes(), direction(vector=torch.tensor([3.0, 4.0, 0, 0, 0, 0, 0, 0]).double())
        moved = move(z, smile, 2.5)
        expected = z.codes + torch.tensor([1.5, 2.0, 0, 0, 0, 0, 0, 0])
        torch.testing.assert_close(moved.codes, expected)

    def test_each_code_may_have_its_own_strength(self):
        z, smile = codes(3), direction()
        moved = move(z, smile, torch.tensor([0.0, -1.0, 2.0]))
        torch.testing.assert_close(
            moved.codes - z.codes, torch.outer(torch.tensor([0.0, -1.0, 2.0]).double(), smile.vector)
        )

    def test_sigma_counts_standard_deviations_of_the_direction(self):
        z, smile = codes(), direction(sigma=0.5)
        torch.testing.assert_close(move(z, smile, 3.0, units="sigma").codes, move(z, smile, 1.5).codes)

    @pytest.mark.parametrize("slope", [4.0, -0.25])
    def test_logit_counts_the_change_of_the_predicted_score_whatever_the_sign_of_the_slope(self, slope):
        z, smile = codes(), direction(slope=slope, intercept=0.3)
        moved = move(z, smile, 2.0, units="logit")
        torch.testing.assert_close(smile.logit(moved), smile.logit(z) + 2)

    def test_everything_else_of_the_codes_stays(self):
        z = codes(3, fingerprint="abc", labels=torch.eye(3))
        moved = move(z, direction(fingerprint="abc"), 1.0)
        assert (moved.space, moved.fingerprint, moved.num_layers) == (Space.Z, "abc", None)
        assert moved.labels is not None
        assert torch.equal(moved.labels, torch.eye(3))
        torch.testing.assert_close(z.codes, codes(3).codes)

    def test_codes_keep_their_dtype(self):
        z = Latents(codes=random(2, DIM, dtype=torch.float32), space=Space.Z)
        assert move(z, direction(), 1.0, hold=several("Male")).codes.dtype == torch.float32

    @pytest.mark.parametrize("layers", [None, (0, 2)])
    def test_no_codes_are_moved_to_no_codes(self, layers):
        assert len(move(codes(space="w")[:0], direction(space="w"), 1.0, layers=layers)) == 0

    def test_the_other_way_leads_back(self):
        z, smile, hold = codes(), direction(), several("Male", "Young")
        torch.testing.assert_close(
            move(move(z, smile, 1.5, hold=hold), smile, -1.5, hold=hold).codes, z.codes
        )

    @pytest.mark.parametrize("units", ["sigma", "logit"])
    @pytest.mark.parametrize("scale", [NAN, 0.0, float("inf")])
    def test_a_direction_without_a_scale_cannot_move_by_it(self, units, scale):
        unscaled = direction(**{{"sigma": "sigma", "logit": "slope"}[units]: scale})
        with pytest.raises(
            SettingError, match=rf"'Smiling' has .* {scale}, so it cannot be moved by {units}"
        ):
            move(codes(), unscaled, 1.0, units=units)

    @pytest.mark.parametrize("strength", [NAN, float("inf"), torch.tensor([1.0, NAN, 1.0])])
    def test_a_strength_that_is_no_number_is_refused(self, strength):
        with pytest.raises(SettingError, match=r"strength (nan|inf) is not a finite number"):
            move(codes(3), direction(), strength)

    @pytest.mark.parametrize("shape", [(2,), (3, 1)])
    def test_strengths_must_go_with_the_codes(self, shape):
        with pytest.raises(SettingError, match="do not fit 3 codes"):
            move(codes(3), direction(), torch.ones(shape))

    def test_misspelt_units_are_answered_by_the_right_ones(self):
        with pytest.raises(UnknownNameError, match="did you mean 'sigma'"):
            move(codes(), direction(), 1.0, units="sigmas")

    def test_a_z_direction_does_not_move_w_codes(self):
        with pytest.raises(SpaceError, match="'Smiling' lives in z, the codes in w"):
            move(codes(space="w"), direction(), 1.0)

    def test_a_direction_of_another_model_is_refused_unless_it_is_untied(self):
        z, smile = codes(fingerprint="a" * 64), direction(fingerprint="b" * 64)
        with pytest.raises(FingerprintError, match=r"bbbbbbbbbbbb.*aaaaaaaaaaaa"):
            move(z, smile, 1.0)
        torch.testing.assert_close(move(z, smile.of_any_generator(), 0.0).codes, z.codes)

    def test_a_held_direction_of_another_model_is_refused(self):
        with pytest.raises(FingerprintError, match="'Male'"):
            move(codes(fingerprint="a"), direction(), 1.0, hold=[direction("Male", fingerprint="b")])


class TestHold:
    @quick
    @given(seed=st.integers(0, 10_000), k=st.integers(0, 6), strength=st.floats(-5, 5))
    def test_the_target_moves_as_asked_and_every_held_score_stays(self, seed, k, strength):
        z, smile = codes(seed=seed), direction(slope=2.0, seed=seed + 1)
        hold = [direction(str(i), slope=3.0, intercept=-1.0, seed=seed + 2 + i) for i in range(k)]
        moved = move(z, smile, strength, hold=hold)
        torch.testing.assert_close(smile.logit(moved), smile.logit(z) + 2 * strength, rtol=1e-6, atol=1e-6)
        for held in hold:
            torch.testing.assert_close(held.logit(moved), held.logit(z), rtol=1e-6, atol=1e-6)

    @quick
    @given(seed=st.integers(0, 10_000))
    def test_no_step_that_does_the_same_is_smaller(self, seed):
        smile, hold = direction(seed=seed), several("Male", "Young", seed=seed + 1)
        step = held_step(smile, hold)
        rows = torch.stack([smile.vector, *(h.vector for h in hold)])
        truth = np.linalg.lstsq(rows.numpy(), np.array([1.0, 0, 0]), rcond=None)[0]
        torch.testing.assert_close(step, torch.from_numpy(truth))

    def test_holding_nothing_is_the_unit_vector(self):
        torch.testing.assert_close(held_step(direction()), direction().vector)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_held_directions_may_repeat_or_depend_on_each_other(self, dtype):
        male, young = random(2, DIM, seed=1, dtype=dtype)
        smile = direction(vector=random(DIM, seed=2, dtype=dtype))
        once = [direction("Male", vector=male), direction("Young", vector=young)]
        again = [*once, direction("Man", vector=male * 3), direction("Boy", vector=male - 0.7 * young)]
        torch.testing.assert_close(held_step(smile, again), held_step(smile, once), rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_a_target_made_of_held_ones_is_refused_by_their_names(self, dtype):
        male, young, hat = random(3, DIM, seed=1, dtype=dtype)
        smile = direction(vector=2 * male - 0.5 * young)
        hold = [direction(n, vector=v) for n, v in {"Hat": hat, "Male": male, "Young": young}.items()]
        with pytest.raises(
            SettingError, match=r"'Smiling' is a combination of the held ones \(Male, Young\)"
        ):
            move(Latents(codes=random(2, DIM, dtype=dtype), space=Space.Z), smile, 1.0, hold=hold)

    def test_the_target_itself_cannot_be_held(self):
        found = Directions(several("Male", "Smiling", "Young"))
        with pytest.raises(SettingError, match=r"held ones \(Smiling\)"):
            move(codes(), found["Smiling"], 1.0, hold=found)
        step = held_step(found["Smiling"], found.without("Smiling"))
        assert along(step, found["Male"]) == pytest.approx(0, abs=1e-12)

    def test_more_held_directions_than_dimensions_leave_no_step(self):
        with pytest.raises(SettingError, match="is a combination of the held ones"):
            held_step(direction(), several(*"abcdefgh"))

    def test_a_held_direction_of_another_space_is_refused(self):
        with pytest.raises(SpaceError, match="'Male' lives in w, the codes in z"):
            move(codes(), direction(), 1.0, hold=[direction("Male", space="w")])
        with pytest.raises(
            SpaceError, match=r"'Male' lives in w \[8\] and cannot be held while 'Smiling' of w\+"
        ):
            move(codes(space="w+"), direction(space="w+"), 1.0, hold=[direction("Male", space="w")])


class TestLayers:
    def test_a_w_direction_moves_every_layer_of_w_plus_codes(self):
        w, smile = codes(space="w+"), direction(space="w")
        torch.testing.assert_close(
            move(w, smile, 2.0).codes - w.codes, (2 * smile.vector).expand(3, LAYERS, DIM)
        )

    def test_w_codes_that_move_in_some_layers_become_w_plus(self):
        w, smile = codes(space="w"), direction(space="w")
        moved = move(w, smile, 2.0, layers=(1, 3))
        assert moved.space == Space.W_PLUS
        change = moved.codes - w.to("w+").codes
        torch.testing.assert_close(change[:, 1:3], (2 * smile.vector).expand(3, 2, DIM))
        assert not change[:, [0, 3, 4]].any()

    def test_a_direction_brings_its_own_layers_unless_others_are_given(self):
        w, smile = codes(space="w"), direction(space="w", layers=(1, 3))
        torch.testing.assert_close(move(w, smile, 1.0).codes, move(w, smile, 1.0, layers=(1, 3)).codes)
        change = move(w, smile, 1.0, layers=(3, 5)).codes - w.to("w+").codes
        assert change[:, 3:].all()
        assert not change[:, :3].any()

    def test_a_w_plus_direction_moves_its_part_in_the_chosen_layers(self):
        w, smile = codes(space="w+"), direction(space="w+")
        change = move(w, smile, 2.0, layers=(2, 4)).codes - w.codes
        torch.testing.assert_close(change[:, 2:4], (2 * smile.vector[2:4]).expand(3, 2, DIM))
        assert not change[:, [0, 1, 4]].any()

    @pytest.mark.parametrize("space", ["w", "w+"])
    def test_held_scores_stay_when_some_layers_move(self, space):
        w, smile = codes(space="w+"), direction(space=space, slope=1.0)
        hold = [direction(str(i), space=space, seed=i, slope=2.0) for i in range(3)]
        moved, unheld = move(w, smile, 2.0, layers=(2, 4), hold=hold), move(w, smile, 2.0, layers=(2, 4))
        for held in hold:
            torch.testing.assert_close(held.logit(moved), held.logit(w))
        torch.testing.assert_close(smile.logit(moved), smile.logit(unheld))
        assert not (moved.codes - w.codes)[:, [0, 1, 4]].any()

    def test_a_held_direction_of_other_layers_needs_no_holding(self):
        smile = direction(space="w", layers=(0, 2))
        far = direction("Male", space="w", layers=(2, 5), seed=1)
        near = direction("Male", space="w", layers=(1, 5), seed=1)
        torch.testing.assert_close(held_step(smile, [far]), smile.vector)
        assert along(held_step(smile, [near]), near) == pytest.approx(0, abs=1e-12)

    @pytest.mark.parametrize("layers", [(0, 6), (3, 3), (-1, 2), (4, 2)])
    def test_layers_that_are_not_there_are_refused(self, layers):
        with pytest.raises(SettingError, match=r"do not exist; the codes have layers 0:5"):
            move(codes(space="w"), direction(space="w"), 1.0, layers=layers)

    def test_a_w_plus_direction_with_nothing_in_the_layers_is_refused(self):
        with pytest.raises(SettingError, match=r"nothing in layers \(3, 5\)"):
            move(codes(space="w+"), direction(space="w+", layers=(0, 2)), 1.0, layers=(3, 5))

    def test_z_codes_have_no_layers(self):
        with pytest.raises(SpaceError, match="z codes have no layers"):
            move(codes(), direction(), 1.0, layers=(0, 2))


class TestWalk:
    def test_every_code_takes_every_strength_code_by_code(self):
        z, smile = codes(2, labels=torch.eye(2)), direction(sigma=2.0)
        strengths, hold = [-1.0, 0.0, 1.0], several("Male")
        strip = walk(z, smile, strengths, hold=hold)
        expected = [move(z[i], smile, s, units="sigma", hold=hold).codes for i in range(2) for s in strengths]
        torch.testing.assert_close(strip.codes, torch.cat(expected))
        torch.testing.assert_close(strip.codes[[1, 4]], z.codes)
        assert strip.labels is not None
        assert strip.labels.argmax(1).tolist() == [0, 0, 0, 1, 1, 1]

    def test_a_walk_in_some_layers_is_in_w_plus(self):
        strip = walk(codes(2, space="w"), direction(space="w"), [0.0, 1.0], units="distance", layers=(0, 2))
        assert strip.codes.shape == (4, LAYERS, DIM)

    def test_a_walk_without_strengths_is_refused(self):
        with pytest.raises(SettingError, match="one strength or more"):
            walk(codes(), direction(), [])


class TestPath:
    @pytest.mark.parametrize("method", ["lerp", "slerp", "spline"])
    @pytest.mark.parametrize("space", ["z", "w+"])
    def test_an_open_path_runs_from_the_first_key_through_all_to_the_last(self, method, space):
        keys = codes(4, space=space, fingerprint="abc")
        frames = path(keys, 13, method=method)
        torch.testing.assert_close(frames.codes[::4], keys.codes)
        assert (len(frames), frames.fingerprint, frames.space) == (13, "abc", keys.space)

    @pytest.mark.parametrize("method", ["lerp", "slerp", "spline"])
    def test_a_closed_path_repeats_without_a_double_frame(self, method):
        keys = codes(4)
        frames = path(keys, 12, method=method, closed=True)
        torch.testing.assert_close(frames.codes[::3], keys.codes)
        assert len(frames) == 12
        assert (frames.codes[-1] - keys.codes[0]).norm() > 0.1
        if method != "spline":
            torch.testing.assert_close(frames.codes[-3:], path(keys[[3, 0]], 4, method=method).codes[:3])

    def test_frames_between_keys_are_those_of_geometry(self):
        keys = codes(3)
        frame = path(keys, 9, method="slerp").codes[5]
        torch.testing.assert_close(frame, slerp(keys.codes[1], keys.codes[2], 0.25))
        torch.testing.assert_close(
            path(keys, 9, method="spline").codes,
            spline(keys.codes, torch.linspace(0, 2, 9, dtype=torch.float64)),
        )
        torch.testing.assert_close(path(keys, 9).codes[5], 0.75 * keys.codes[1] + 0.25 * keys.codes[2])

    def test_class_labels_are_blended(self):
        frames = path(codes(2, labels=torch.eye(2)), 3, method="spline")
        assert frames.labels is not None
        assert frames.labels.tolist() == [[1, 0], [0.5, 0.5], [0, 1]]

    def test_a_path_of_one_frame_is_the_first_key(self):
        torch.testing.assert_close(path(codes(3), 1).codes, codes(3).codes[:1])

    @pytest.mark.parametrize(("n", "num_frames", "reason"), [(1, 5, "two key codes"), (2, 0, "0 frames")])
    def test_a_path_needs_keys_and_frames(self, n, num_frames, reason):
        with pytest.raises(SettingError, match=reason):
            path(codes(n), num_frames)

    def test_a_misspelt_method_is_answered_by_the_right_one(self):
        with pytest.raises(UnknownNameError, match="did you mean 'slerp'"):
            path(codes(), 3, method="sleerp")


class TestArithmetic:
    def test_baskets_are_averaged_added_and_taken_away(self):
        a, b, c = codes(3, seed=1), codes(2, seed=2), codes(4, seed=3)
        result = arithmetic([a, b], [c])
        torch.testing.assert_close(result.codes[0], a.codes.mean(0) + b.codes.mean(0) - c.codes.mean(0))
        assert result.codes.shape == (1, DIM)

    def test_adding_and_taking_away_the_same_gives_the_rest(self):
        a, b = codes(3, seed=1), codes(2, seed=2)
        torch.testing.assert_close(arithmetic([a, b], [b]).codes[0], a.codes.mean(0))

    def test_a_label_stays_where_all_share_it(self):
        one, other = torch.eye(2)[[0, 0]], torch.eye(2)[[1, 1]]
        same = arithmetic([codes(2, labels=one)], [codes(2, labels=one)])
        assert same.labels is not None
        assert same.labels.tolist() == [[1, 0]]
        assert arithmetic([codes(2, labels=one)], [codes(2, labels=other)]).labels is None

    def test_nothing_and_empty_baskets_are_refused(self):
        with pytest.raises(SettingError, match="at least one basket"):
            arithmetic([], [codes()])
        with pytest.raises(SettingError, match="a basket of codes is empty"):
            arithmetic([codes(), codes(3)[:0]])

    def test_baskets_of_different_spaces_or_models_are_refused(self):
        with pytest.raises(SpaceError, match="w, z"):
            arithmetic([codes()], [codes(space="w")])
        with pytest.raises(FingerprintError, match="aaa and bbb"):
            arithmetic([codes(fingerprint="aaa")], [codes(fingerprint="bbb")])


class TestNeighbours:
    @pytest.mark.parametrize("space", ["z", "w+"])
    def test_each_code_is_followed_by_others_within_the_scale(self, space):
        near = neighbours(codes(2, space=space), n=50, scale=0.25, seed=3)
        offsets = near.codes.unflatten(0, (2, 50)) - codes(2, space=space).codes[:, None]
        assert not offsets[:, 0].any()
        assert 0.24 < float(offsets.abs().max()) <= 0.25
        assert abs(float(offsets[:, 1:].mean())) < 0.03
        assert (offsets[:, 1:].flatten(2).norm(dim=2) > 0).all()

    def test_a_seed_gives_the_same_neighbours(self):
        assert torch.equal(neighbours(codes(), seed=4).codes, neighbours(codes(), seed=4).codes)
        assert not torch.equal(neighbours(codes(), seed=4).codes, neighbours(codes(), seed=5).codes)

    @pytest.mark.parametrize("setting", [{"n": 0}, {"scale": -0.1}, {"scale": NAN}, {"seed": -1}])
    def test_settings_outside_their_range_are_refused(self, setting):
        with pytest.raises(SettingError):
            neighbours(codes(), **setting)


class TestStyleMix:
    @pytest.mark.parametrize("space", ["w", "w+"])
    def test_the_table_has_the_rows_with_the_styles_of_the_columns(self, space):
        rows, columns = codes(2, space=space, seed=1), codes(3, space=space, seed=2)
        table = style_mix(rows, columns, (1, 3)).codes.unflatten(0, (2, 3))
        for i in range(2):
            for j in range(3):
                assert torch.equal(table[i, j, 1:3], columns.to("w+").codes[j, 1:3])
                assert torch.equal(table[i, j, [0, 3, 4]], rows.to("w+").codes[i, [0, 3, 4]])

    def test_the_rows_given_are_not_changed(self):
        rows = codes(2, space="w+", seed=1)
        style_mix(rows, codes(2, space="w+", seed=2), (0, 5))
        assert torch.equal(rows.codes, codes(2, space="w+", seed=1).codes)

    def test_codes_without_layers_or_of_different_models_are_refused(self):
        with pytest.raises(SpaceError, match="z codes have no layers"):
            style_mix(codes(), codes(), (0, 2))
        with pytest.raises(FingerprintError):
            style_mix(codes(space="w", fingerprint="a"), codes(space="w", fingerprint="b"), (0, 2))
        with pytest.raises(SettingError, match="layers 2:9 do not exist"):
            style_mix(codes(space="w"), codes(space="w"), (2, 9))


class TestTurn:
    def test_it_leads_from_the_mean_of_one_basket_to_that_of_the_other(self):
        z, right, left = codes(3), codes(2, seed=1), codes(4, seed=2)
        turned = turn(z, right, left, [0.0, 0.5, 1.0])
        axis = right.codes.mean(0) - left.codes.mean(0)
        expected = torch.stack([code + t * axis for code in z.codes for t in (0.0, 0.5, 1.0)])
        torch.testing.assert_close(turned.codes, expected)

    def test_baskets_of_the_same_mean_are_refused(self):
        with pytest.raises(SettingError, match="the same mean"):
            turn(codes(), codes(), codes(), [1.0])

    def test_baskets_of_another_space_are_refused(self):
        with pytest.raises(SpaceError):
            turn(codes(), codes(space="w"), codes(space="w", seed=1), [1.0])

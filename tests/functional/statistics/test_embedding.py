"""Pictures of points: what is asked of other libraries, and each number beside its definition."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from emocam.errors import SettingError
from emocam.functional.statistics.embedding import METHODS, on_main_axes, quality
from emocam.functional.statistics.neighbours import intrinsic_dimension


def points(count: int = 90, sides: int = 6) -> torch.Tensor:
    return torch.randn(count, sides, generator=torch.Generator().manual_seed(count), dtype=torch.float64)


@pytest.mark.parametrize("count", [5, 15, 16, 17, 200])
def test_umap_is_asked_for_no_more_neighbours_than_there_are(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, int]] = []

    class Recorded:
        def __init__(self, **settings: int) -> None:
            asked.append(settings)

        def fit_transform(self, given: np.ndarray) -> np.ndarray:
            return given[:, :2]

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Recorded))
    given = points(count)
    assert torch.equal(METHODS["umap"](given, 7), given[:, :2])
    # of several processes a seed would not give the same picture again
    assert asked == [{"n_neighbors": min(15, count - 1), "random_state": 7, "n_jobs": 1}]


def test_t_sne_is_asked_for_its_picture_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Recorded:
        def __init__(self, random_state: int, n_jobs: int) -> None:
            asked.append(random_state)

        def fit(self, given: np.ndarray) -> np.ndarray:
            return given[:, 1:3]

    monkeypatch.setitem(sys.modules, "openTSNE", SimpleNamespace(TSNE=Recorded))
    given = points()
    assert torch.equal(METHODS["tsne"](given, 3), given[:, 1:3]) and asked == [3]


@pytest.mark.parametrize(("method", "module"), [("umap", "umap"), ("tsne", "openTSNE")])
def test_a_library_that_is_not_there_is_named_with_what_there_is(
    method: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingError, match=f"--method {method} needs .* or take --method pacmap"):
        METHODS[method](points(), 0)


def test_main_axes_are_scikit_learns_where_there_are_more_and_else_the_points_about_their_mean() -> None:
    wide = points(80, 60).float()
    found, expected = on_main_axes(wide), PCA(50).fit_transform(wide.numpy())
    assert found.shape == (80, 50)
    np.testing.assert_allclose(found.abs(), abs(expected), atol=1e-3)
    narrow = points(80, 50).float()
    assert torch.allclose(on_main_axes(narrow), narrow - narrow.mean(0), atol=1e-6)
    assert METHODS["pca"](narrow, 1).shape == (80, 2)


def nearest(rows: np.ndarray) -> list[set[int]]:
    far = ((rows[:, None] - rows[None]) ** 2).sum(-1)
    np.fill_diagonal(far, np.inf)
    return [set(np.argsort(one, kind="stable")[:15].tolist()) for one in far]


def test_each_number_beside_a_picture_is_its_definition() -> None:
    given, of = points(), torch.arange(90) % 4
    picture, other = given[:, :2].clone(), given[:, 1:3].clone()
    found = {one.measure: one for one in quality(given, picture, other, of)}
    near, shown, seen = (nearest(one.numpy()) for one in (given, picture, other))
    kept = np.mean([len(a & b) / 15 for a, b in zip(near, shown, strict=True)])
    seeds = np.mean([len(a & b) / 15 for a, b in zip(shown, seen, strict=True)])
    measure = found["neighbours kept"]
    assert (measure.value, measure.chance, measure.between_seeds) == pytest.approx((kept, 15 / 89, seeds))
    expected = trustworthiness(given.numpy(), picture.numpy(), n_neighbors=15)
    assert found["trustworthiness"].value == pytest.approx(expected, abs=1e-6)
    assert found["trustworthiness"].chance == pytest.approx(0.5, abs=0.1)
    assert found["order of distances kept"].chance == 0
    for places, where in ((near, "in full"), (shown, "in the picture")):
        own = np.mean([np.mean([of[j] == of[i] for j in ones]) for i, ones in enumerate(places)])
        measure = found[f"neighbours of the same label, {where}"]
        assert measure.value == pytest.approx(own)
        pairs = [of[i] == of[j] for i in range(90) for j in range(90) if i != j]
        assert measure.chance == pytest.approx(np.mean(pairs))


def test_a_method_without_lots_and_points_without_labels_have_fewer_numbers() -> None:
    given = points()
    found = {one.measure: one for one in quality(given, given[:, :2], None, None)}
    assert np.isnan(found["neighbours kept"].between_seeds)
    assert not any("label" in name for name in found)


def test_chance_is_the_same_of_points_put_anywhere_by_one_seed_and_the_rest_is_of_the_picture() -> None:
    given = points(70, 4)
    picture = given[:, :2] + 0.5 * given[:, 2:]
    lot = torch.rand(70, 2, generator=torch.Generator().manual_seed(0))
    found = {one.measure: one for one in quality(given, picture, None, None)}
    assert list(found) == [
        "trustworthiness", "continuity", "neighbours kept", "order of distances kept", "intrinsic dimension"
    ]  # fmt: skip
    for place, where in (("value", picture), ("chance", lot)):
        ways = ("trustworthiness", given, where), ("continuity", where, given)
        for name, space, shown in ways:
            expected = trustworthiness(space.double().numpy(), shown.double().numpy(), n_neighbors=15)
            assert getattr(found[name], place) == pytest.approx(expected, abs=1e-9)
    pairs = np.triu_indices(70, 1)
    far = [torch.cdist(one, one).numpy()[pairs] for one in (given, picture)]
    assert found["order of distances kept"].value == pytest.approx(spearmanr(*far).statistic, abs=1e-3)
    nearest_two = np.sort(((given[:, None] - given) ** 2).sum(-1).numpy(), 1)[:, 1:3]
    expected = intrinsic_dimension(torch.from_numpy(nearest_two))
    assert found["intrinsic dimension"].value == pytest.approx(expected)
    assert np.isnan(found["intrinsic dimension"].chance) and np.isnan(found["continuity"].between_seeds)

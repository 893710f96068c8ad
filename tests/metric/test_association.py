"""The matrix equals three nested loops, on one process and on several with uneven shares."""

import numpy as np
import pytest
import torch

from emocam.metric.association import AssociationMatrix
from emocam.records.thresholds import Thresholds

OBJECTS, LABELS = 5, 3
THRESHOLDS = Thresholds(score=0.2, importance=0.3, confidence=0.4)


def corpus(images: int, seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """One update for each image."""
    generator = torch.Generator().manual_seed(seed)
    updates = []
    for _ in range(images):
        regions = int(torch.randint(0, 6, (1,), generator=generator))
        updates.append(
            {
                "label": torch.randint(0, LABELS, (1,), generator=generator),
                "confidence": torch.rand(1, generator=generator),
                "object": torch.randint(0, OBJECTS, (regions,), generator=generator),
                "image": torch.zeros(regions, dtype=torch.int64),
                "score": torch.rand(regions, generator=generator),
                "importance": torch.rand(regions, generator=generator),
            }
        )
    return updates


def nested_loops(updates: list[dict[str, torch.Tensor]]) -> tuple[np.ndarray, np.ndarray]:
    counts, images = np.zeros((OBJECTS, LABELS), int), np.zeros(LABELS, int)
    for update in updates:
        label = int(update["label"])
        if float(update["confidence"]) <= THRESHOLDS.confidence:
            continue
        images[label] += 1
        for object in range(OBJECTS):
            for n in range(len(update["object"])):
                if (
                    int(update["object"][n]) == object
                    and float(update["score"][n]) > THRESHOLDS.score
                    and float(update["importance"][n]) > THRESHOLDS.importance
                ):
                    counts[object, label] += 1
                    break
    return counts, images


def joined(updates: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The same images as one batch."""
    batch = {key: torch.cat([update[key] for update in updates]) for key in updates[0]}
    batch["image"] = torch.cat([torch.full_like(update["object"], i) for i, update in enumerate(updates)])
    return batch


@pytest.mark.parametrize("batch", [1, 4, 32])
def test_matrix_equals_three_nested_loops(batch: int) -> None:
    updates = corpus(97)
    matrix = AssociationMatrix(OBJECTS, LABELS, THRESHOLDS)
    for start in range(0, len(updates), batch):
        matrix.update(**joined(updates[start : start + batch]))
    found = matrix.compute()
    counts, images = nested_loops(updates)
    np.testing.assert_array_equal(found.counts.numpy(), counts)
    np.testing.assert_array_equal(found.images.numpy(), images)
    np.testing.assert_allclose(found.percent.numpy(), 100 * counts / images)


def test_label_without_images_has_no_percentage() -> None:
    matrix = AssociationMatrix(1, 2, THRESHOLDS)
    one = torch.ones(1)
    matrix.update(torch.tensor([0]), one, torch.tensor([0]), torch.tensor([0]), one, one)
    assert matrix.compute().percent.isnan().tolist() == [[False, True]]


def test_without_a_cam_importance_is_not_asked() -> None:
    matrix = AssociationMatrix(1, 1, THRESHOLDS, explained=False)
    one = torch.ones(1)
    matrix.update(
        torch.tensor([0]), one, torch.tensor([0]), torch.tensor([0]), one, torch.tensor([torch.nan])
    )
    assert matrix.compute().counts.tolist() == [[1]]


def test_thresholds_are_strict() -> None:
    matrix = AssociationMatrix(1, 1, Thresholds(score=0.5, importance=0.5, confidence=0.5))
    half, more = torch.tensor([0.5]), torch.tensor([0.6])
    place = torch.tensor([0])
    matrix.update(place, more, place, place, half, more)
    matrix.update(place, more, place, place, more, half)
    matrix.update(place, half, place, place, more, more)
    assert matrix.compute().counts.tolist() == [[0]]
    assert matrix.compute().images.tolist() == [2]


def test_states_of_uneven_processes_add_up() -> None:
    """What torchmetrics does when ranks meet: sums of the states of 6 and 5 images."""
    ranks = []
    for rank in range(2):
        matrix = AssociationMatrix(OBJECTS, LABELS, THRESHOLDS)
        for update in corpus(11)[rank::2]:
            matrix.update(**update)
        ranks.append(matrix)
    assert {name: matrix_sum.__name__ for name, matrix_sum in ranks[0]._reductions.items()} == {
        "counts": "dim_zero_sum",
        "present": "dim_zero_sum",
        "images": "dim_zero_sum",
    }
    counts, images = nested_loops(corpus(11))
    np.testing.assert_array_equal((ranks[0].counts + ranks[1].counts).numpy(), counts)
    np.testing.assert_array_equal((ranks[0].images + ranks[1].images).numpy(), images)

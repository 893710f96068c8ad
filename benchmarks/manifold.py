"""A picture of a corpus: who is near whom, how far the picture can be believed, and its page of 26,000 points.

PaCMAP is held against its library where that is installed (`pip install pacmap`, 274 MB with its compilers); by its
trustworthiness, since each draws its own lots. The page is timed by the browser's own clock.
"""

import importlib.util
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from page import ARGUMENTS, CHROMIUM, PAINTED, TURNS
from racing import Agreement, Contest, Way, duration
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from telling import table_of

from emocam.functional.statistics.neighbours import NEAREST, faithfulness, nearest_points
from emocam.functional.statistics.pacmap import pacmap, principal_axes
from emocam.report.manifold import colours, packed, whole_numbers
from emocam.report.page import static, templates
from emocam.report.scripts import write_script

POINTS, AXES, GROUPS = 26_000, 50, 24


def cloud(points: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, AXES) of GROUPS groups about as far apart as they are wide, and the group of each."""
    dice = np.random.default_rng(seed)
    group = dice.integers(0, GROUPS, points)
    middle = dice.normal(0, 0.6, (GROUPS, AXES))
    return (middle[group] + dice.normal(0, 0.5, (points, AXES))).astype(np.float32), group


def believed(space: np.ndarray, picture: np.ndarray) -> float:
    """The trustworthiness of a picture, by scikit-learn."""
    return float(trustworthiness(space, picture, n_neighbors=NEAREST))


def contests(small: bool = False) -> Iterator[Contest]:
    count = 400 if small else 3_000
    space, _ = cloud(count)
    points = torch.from_numpy(space).double()
    picture = principal_axes(torch.from_numpy(space), 2).double()

    def numbers() -> tuple[float, float]:
        found = faithfulness(points, picture, torch.arange(count))
        return found.trustworthiness, found.continuity

    def theirs() -> tuple[float, float]:
        drawn = picture.numpy()
        return believed(points.numpy(), drawn), believed(drawn, points.numpy())

    def alike() -> Agreement:
        return Agreement(float(np.abs(np.subtract(numbers(), theirs())).max()), 1e-4, "both numbers")

    learnt = {"scikit-learn, one after the other": Way(theirs)}
    yield Contest(f"trustworthiness and continuity of {count:,} points", Way(numbers), learnt, alike)

    def near() -> torch.Tensor:
        return nearest_points(points, NEAREST)[0]

    def found() -> np.ndarray:
        return NearestNeighbors(n_neighbors=NEAREST + 1).fit(space).kneighbors(space)[1][:, 1:]

    def same() -> Agreement:
        return Agreement(float((near().numpy() != found()).mean()), 1e-3, "places of neighbours")

    yield Contest(f"{NEAREST} neighbours of {count:,} points", Way(near), {"scikit-learn": Way(found)}, same)
    if importlib.util.find_spec("pacmap"):
        yield against_library(space)


def against_library(space: np.ndarray) -> Contest:
    """PaCMAP by both, of the same points."""
    from pacmap import PaCMAP

    points = torch.from_numpy(space)

    def theirs() -> np.ndarray:
        return np.asarray(PaCMAP(random_state=0, apply_pca=False).fit_transform(space, init="pca"))

    def alike() -> Agreement:
        ours, other = believed(space, pacmap(points).numpy()), believed(space, theirs())
        return Agreement(max(0.0, other - ours), 0.01, f"trustworthiness, {ours:.3f} and {other:.3f}")

    return Contest(
        f"PaCMAP of {len(space):,} points", Way(lambda: pacmap(points)), {"the library": Way(theirs)}, alike
    )


def write_page(folder: Path, points: int = POINTS) -> Path:
    """Write the page of a picture without thumbnails, whose points have a label and a number."""
    space, group = cloud(points)
    picture = principal_axes(torch.from_numpy(space), 2).numpy().astype(float)
    labels = [f"label {number:02d}" for number in range(GROUPS)]
    predictions = pd.DataFrame(
        {
            "label": [labels[g] for g in group],
            "tone": space[:, 0].astype(float),
            "confidence": space[:, 1].astype(float),
        }
    )
    begins = np.zeros(points + 1, np.uint32)
    objects = {"names": [], "begins": packed(begins), "object": "", "kept": ""}
    data = {
        "points": packed(whole_numbers(picture)),
        "columns": colours(predictions, labels),
        "objects": objects,
        "sheets": [],
        "explained": False,
    }
    write_script(folder / "points.js", data)
    write_script(folder / "names.js", {"names": [f"{i}.jpg" for i in range(points)]})
    for name in ("manifold.js", "style.css"):
        (folder / name).write_text(static(name), encoding="utf-8")
    page = templates().get_template("manifold.html.j2")
    drawn = {"picture": None, "method": "pca", "of": "features", "quality": []}
    words = {"name": "cloud", "drawn": drawn, "images": points, "pictures": False}
    (folder / "index.html").write_text(page.render(**words), encoding="utf-8")
    return folder / "index.html"


def page_rows(points: int = POINTS) -> list[str]:
    """Rows of the page's milliseconds, or a sentence that says why there are none."""
    if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
        return ["", "The page was not measured: there is no Chromium, or no playwright."]
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {"ready": [], "drawn again": [], "drawn again and painted": []}
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name, sync_playwright() as playwright:
        index = write_page(Path(name), points)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for _ in range(TURNS):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            start = time.perf_counter()
            page.goto(index.as_uri())
            page.wait_for_selector("#legend button")
            found["ready"].append(1e3 * (time.perf_counter() - start))
            begin = "const start = performance.now(); draw();"
            found["drawn again"].append(
                float(page.evaluate(f"(() => {{ {begin} return performance.now() - start; }})()"))
            )
            found["drawn again and painted"].append(
                float(page.evaluate(f"(async () => {{ {begin} return await {PAINTED}; }})()"))
            )
            page.context.close()
        browser.close()
    lines = ["", f"| A page of {points:,} points | median | fastest |", "|---|---|---|"]
    return lines + [
        f"| {step} | {duration(median(times) / 1e3)} | {duration(min(times) / 1e3)} |"
        for step, times in found.items()
    ]


def table() -> str:
    library = "" if importlib.util.find_spec("pacmap") else "\n\nPaCMAP's library is not installed."
    return "\n".join([table_of(contests()) + library, *page_rows()])


if __name__ == "__main__":
    print(table())

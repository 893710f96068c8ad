"""points.parquet: how much each point weighs for each label, over the corpus of a run."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from emocam.attribution.base import PersonSums
from emocam.data.point_picture import drawn_peak
from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.predict.point_corpus import PointCorpus, read_point_corpus
from emocam.predict.point_maps import label_score
from emocam.records.keypoints import PointLayout
from emocam.results.files import METADATA, POINTS, parquet
from emocam.results.parquet_file import write_parquet
from emocam.view.points import KEY

COLUMNS = ("point", "region", "label", "weight", "low", "high")


@dataclass(frozen=True)
class WeighedFace:
    """Points (P, 2) as they are drawn, and by label their weights (P,)."""

    layout: PointLayout
    face: np.ndarray
    weights: dict[str, np.ndarray]


def weigh_points(components: Components) -> None:
    """Write the weights of all points; labels are the true ones, or where none are known the network's answers."""
    method = components.attribution
    if method is None:
        return
    if not components.data.sequences_of_points:
        raise SettingError(
            "attribution weighs points of sequences, and these data are pictures; leave attribution out, and take a "
            "cam, or data=landmarks"
        )
    classifier = components.classifier
    corpus = read_point_corpus(components.data, classifier.view, components.listing)
    names, whose = corpus.truth, "true labels"
    if not set(names) & set(classifier.labels):
        with torch.no_grad():
            answers = classifier(classifier.prepare(corpus.x)).argmax(-1).tolist()
        names, whose = [classifier.labels[number] for number in answers], "answers of the network"
    part = corpus.labelled(classifier.labels, names)
    found = method.person_sums(
        lambda x: classifier(classifier.prepare(x)), lambda label: label_score(classifier, label), part, part
    )
    known = {"method": type(method).__name__, "labels": whose}
    write_weights(components, corpus, found, classifier.labels, known)


def write_weights(
    components: Components, corpus: PointCorpus, found: PersonSums, labels: list[str], known: dict[str, str]
) -> WeighedFace:
    """Write points.parquet, and return what a picture of the weights needs."""
    first = components.data.open(components.listing[int(corpus.place[0])]).image.info[KEY]
    rows = pa.Table.from_pandas(
        weight_rows(found, first.layout, labels, components.seed), preserve_index=False
    )
    told = {**known, "people": len(found.sums), "completeness_error": found.completeness_error}
    rows = rows.replace_schema_metadata({METADATA: json.dumps(told).encode()})
    write_parquet(rows, components.folder / parquet(POINTS))
    weights = {label: found.weights[number] for number, label in enumerate(labels)}
    return WeighedFace(first.layout, drawn_peak(first)[0], weights)


def weight_rows(found: PersonSums, layout: PointLayout, labels: list[str], seed: int) -> pd.DataFrame:
    """Return a row a point and label: weight, and its interval over people."""
    weights = found.weights
    low, high = found.intervals(seed)
    rows = [
        (point, region, label, weights[number, place], low[number, place], high[number, place])
        for number, label in enumerate(labels)
        for place, (point, region) in enumerate(zip(layout.points, layout.regions, strict=True))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))

"""points.parquet: how much each point weighs for each label, over the corpus of a run."""

import json

import pandas as pd
import pyarrow as pa
import torch

from emocam.attribution.base import PersonSums
from emocam.data.base import Data
from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.predict.point_corpus import PointCorpus, read_point_corpus
from emocam.predict.point_maps import label_score
from emocam.records.keypoints import PointLayout
from emocam.results.files import METADATA, POINTS, parquet
from emocam.results.parquet_file import write_parquet
from emocam.view.points import KEY

COLUMNS = ("point", "region", "label", "weight", "low", "high")


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
    classifier, data = components.classifier, components.data
    corpus = read_point_corpus(components, classifier.view, components.listing)
    names, whose = corpus.truth, "true labels"
    if not set(names) & set(classifier.labels):
        with torch.no_grad():
            answers = classifier(classifier.prepare(corpus.x)).argmax(-1).tolist()
        names, whose = [classifier.labels[number] for number in answers], "answers of the network"
    part = corpus.labelled(classifier.labels, names)
    found = method.person_sums(
        lambda x: classifier(classifier.prepare(x)), lambda label: label_score(classifier, label), part, part
    )
    table = weight_rows(
        found, corpus_layout(data, components.listing, corpus), classifier.labels, components.seed
    )
    known = {
        "method": components.settings["attribution"]["_target_"].rpartition(".")[2],
        "labels": whose,
        "sequences": len(part),
        "people": len(part.people),
        "completeness_error": found.completeness_error,
    }
    rows = pa.Table.from_pandas(table, preserve_index=False)
    rows = rows.replace_schema_metadata({METADATA: json.dumps(known).encode()})
    write_parquet(rows, components.folder / parquet(POINTS))


def corpus_layout(data: Data, listing: list[str], corpus: PointCorpus) -> PointLayout:
    """Return the points of a corpus, by the first sequence that can be used."""
    layout: PointLayout = data.open(listing[int(corpus.place[0])]).image.info[KEY].layout
    return layout


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

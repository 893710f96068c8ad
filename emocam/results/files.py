"""Names of the files and columns of a run's folder, written and read by these names alone."""

FILES = ("ledger", "predictions", "evidence", "maps", "thumbnails", "features", "faces")
"""The tables of a run, each a Parquet file of this name; the last four not in every run."""
LEDGER, PREDICTIONS, EVIDENCE, MAPS, THUMBNAILS, FEATURES, FACES = FILES
SUMS = "sums"
"""What each part of a corpus adds to the counts of the whole: of shards, and of runs in parts."""
GROUP, TIME = "group", "time"
"""Columns of predictions: which pictures belong together, and their order in seconds."""
TIMELINE, OVERLAY_FILM = "timeline", "overlay.mp4"
"""What a run over films answers along their time, as a table, a CSV file, a picture and a film."""
ASKED = "grouped"
"""Of the predictions' metadata, which settings `group` and `time` were written for."""
POINTS, REDUCTION, REDUCTION_STATE = "points", "reduction", "reducing"
"""What is measured of each point x label, and what is left of the accuracy with fewer points; the folder
of an unfinished reduction."""
OBSERVERS, AGREEMENT, AGREEMENT_OBSERVERS = "observers", "agreement.csv", "agreement_observers.csv"
"""What observers say of films, and how far they agree."""
TRUST, TRUST_STATE = "trust", "trusting"
"""What every method weighs in pictures whose objects were taken away; the folder of an unfinished pass."""
PRESCRIPTION = "prescription"
"""The folder of pictures that cure a network of a shortcut."""
EFFECTS_PAIRED = "effects_paired.csv"
"""What a comparison of two runs says of the effects that both measured in the same pictures."""
CELLS, EFFECT = "cells", "effect"
"""What is measured of each object x label, and the trials behind its effect."""
PAIRS, PAIR_TRIALS, PAIR_STATE = "pairs", "pair_trials", "pairing"
"""What two objects do together, the pictures of which one, two or all but a few objects were taken away, and the
folder of an unfinished pass."""
SETS, PLACES_TRIED, WHOLES = "sets.csv", "places.csv", "wholes.csv"
"""Smallest sets of objects that keep an answer, what moving an object does, and wholes with their parts."""
SHIFT_P = "p_by_cell"
"""Of the trials' metadata, the p of each cell where labels were moved along time: object, label, p."""
CROSS, CROSS_PICTURE, CROSS_FOLDER = "cross.csv", "cross.png", "cross"
"""A model, gaze and a brain side by side: what `emocam cross` leaves in a folder of its own."""
DECODING, DECODING_REGIONS = "decoding.csv", "decoding_regions.csv"
"""How well each label is decoded from series of regions, and what each region tells."""
SLICES, DIFFERENCES = "slices", "differences"
SLICES_RECALL, RECALL_DIFFERENCES = "slices_recall", "differences_recall"
"""The cells and the recall of each value of a column, and how they differ between values."""
FACE_REGIONS_TABLE, FACE_OVERLAP, FACE_MAP = "face_regions", "face_overlap", "face_map"
"""Which regions of faces are looked at, how far they are the expected ones, and the mean map in one face."""
ATTRIBUTES, ATTRIBUTES_PICTURE = "attributes.csv", "attributes.png"
"""Objects x values, of a run that asks about several values in one pass."""
SUMMARY, TRUTH = "summary.json", "truth.json"
FILE_LIST = "files.json"
"""The run's files with their digests, written last."""
ASSOCIATION, ASSOCIATION_PERCENT, LABELS = "association.csv", "association_percent.csv", "labels.csv"
LEFT = (
    *("association*.csv", "association.png", LABELS, SUMMARY, TRUTH, "summary.html", "report", "overlays"),
    *("cells*.csv", "cells*.parquet", "effect.parquet", "trying", "paste.*", "pasting", "flips"),
    *("points.*", "reduction.*", REDUCTION_STATE),
    *(
        "manifold*",
        "gaze.*",
        "quality.csv",
        "decoding*.csv",
        "measures.*",
        "stability.*",
        "confusion.*",
        "agreement*.*",
        "recovery.*",
        "unexplained*.*",
        "grid.*",
    ),
    *("slices*.*", "differences*.*", "face_*.*", f"{TRUST}.*", TRUST_STATE, PRESCRIPTION),
    *(f"{PAIRS}.*", f"{PAIR_TRIALS}.*", PAIR_STATE, SETS, PLACES_TRIED, WHOLES),
    *(f"{TIMELINE}.*", OVERLAY_FILM, f"{OBSERVERS}.*"),
)
"""What a run leaves beside its tables, by the first part of its path: an earlier command's is removed."""
METADATA = b"emocam"
"""The key of a Parquet schema's metadata under which the run's names are written."""

WEIGHTS, LABELS_FILE = "weights.safetensors", "labels.txt"
"""What a training leaves: the kept epoch's weights, and the labels that it was told to learn."""
SPLIT, TRAINING, TRAINING_PICTURE = "split.csv", "training.csv", "training.png"
PROBE, PROBE_HEAD = "probe", "probe.safetensors"
"""What a head on frozen features answers of folds that it was not fitted to, and the head."""
TRAINING_STATE = "training"
"""The folder of an unfinished training."""
EVALUATION, CONFUSION, RELIABILITY, SCORES = (
    "evaluation.json",
    ("confusion.csv", "confusion.png"),
    "reliability.png",
    "scores.csv",
)

HAS_LABELS, HAS_CONFIDENCES = "labels", "confidences"
"""Columns of predictions, where a picture may have many labels: all that it has, and their probabilities."""
BOX = ("x0", "y0", "x1", "y1")
LABELLED = ("image", "label", "confidence", "truth")
COUNTED = ("image", "object", "score", "importance", "chance")
"""The columns of images and of regions that decide what counts."""
CALLED = "called"
"""Of the metadata, the name of each of the classifier's own labels, where these have others."""
LEFT_OUT = "which labels.only leaves out"
"""The end of the ledger's reason, where a picture is called by none of the labels that are kept."""
CONTENTS = ("digest", "facts")
"""Columns of the ledger: the sha256 of the picture's file, and a digest of what its data set knew of it."""
MARK, MARKS = "mark", b"emocam.marks"
"""A digest of what a picture's rows of an experiment were made of: a column of its unfinished ledger, and metadata."""
MASK = "mask"
"""The column of evidence.parquet that holds a region's mask, where the detector gives masks."""
BEFORE_RULES = "box, anywhere"
"""The rule of effects whose file names none: whole boxes, and a control anywhere."""


def parquet(name: str) -> str:
    """Return the file name of a table."""
    return f"{name}.parquet"

"""What may stand at each place of the settings."""

from emocam.attribution.base import Attribution
from emocam.callback.base import RunCallback
from emocam.cam.base import CAM
from emocam.cells.verdict import Rules
from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.detector.base import Detector
from emocam.effect.base import Effect
from emocam.importance.base import Importance
from emocam.logger.mlflow import MLflow
from emocam.network.label_names import LabelNames
from emocam.paste.base import Change
from emocam.records.thresholds import Thresholds
from emocam.settings.build import Kind
from emocam.task.base import Task
from emocam.train.settings import TrainSettings

KINDS = {
    "task": Kind(Task, {"settings": Kind(TrainSettings)}),
    "train": Kind(TrainSettings),
    "data": Kind(Data),
    "classifier": Kind(Classifier),
    "labels": Kind(LabelNames),
    "detector": Kind(Detector, {"*": Kind(Detector)}),  # several joined
    "vocabulary": Kind(Detector),
    "cam": Kind(CAM),
    "attribution": Kind(Attribution),
    "importance": Kind(Importance),
    "threshold": Kind(Thresholds),
    "verdict": Kind(Rules),
    "paste": Kind(Change),
    "effect": Kind(Effect),
    "callback": Kind(RunCallback, {"rules": Kind(Rules)}),
    "logger": Kind(MLflow),
}
"""By the group's name; each callback is of the kind that stands at `callback`."""

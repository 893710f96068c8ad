"""Training a classifier on pictures with labels or ratings, or the network of an embedded world on its pictures."""

import sys
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from emocam.data.planted import PHOTOGRAPHS, Planted
from emocam.data.samples import printable
from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.predict.toy_network import TARGET
from emocam.records.picture import Refusal
from emocam.results.files import LEDGER, PREDICTIONS, SUMMARY, THUMBNAILS, WEIGHTS, parquet
from emocam.results.parquet_file import write_parquet
from emocam.results.summary import read_summary
from emocam.results.tables import refusal_table
from emocam.task.base import TaskOutcome
from emocam.train.classifier import TrainingOutcome, end_training, train_classifier, training_key
from emocam.train.faces import train_faces
from emocam.train.pictures import TrainingPictures
from emocam.train.rating_training import train_ratings
from emocam.train.ratings import asked_values
from emocam.train.settings import TrainSettings
from emocam.train.values import train_values
from emocam.train.world import EPOCHS as WORLD_EPOCHS
from emocam.train.world import train
from emocam.world.value_rules import VALUES

PHOTOGRAPH_EPOCHS = 10
KEY, LINES = "training_key", "training_lines"


@dataclass
class Train:
    """`task=train`: leaves weights.safetensors of the classifier, trained on data with true labels or ratings.

    With `data=planted` and the default classifier it trains the network of that world on `pictures` that it draws,
    and leaves that network and its truth; of `photographs` the network alone, since what that uses is measured
    picture by picture. Another classifier is trained on as many photographs composed to be trained on.
    """

    settings: TrainSettings = field(default_factory=TrainSettings)
    pictures: int = 18_000

    def perform(self, components: Components) -> TaskOutcome | None:
        data = components.data
        own = (components.settings.get("classifier") or {}).get("_target_") == TARGET
        named = components.classifier_named and not (isinstance(data, Planted) and data.world == PHOTOGRAPHS)
        if own and isinstance(data, Planted) and not named:
            self._train_world(components, data)
            return None
        if own and not components.classifier_named:
            raise SettingError(
                "classifier is not set, and the default, planted, is the network of drawn pictures; name the one to "
                "train, such as classifier=torchvision classifier.model=resnet18, or classifier=compact_face"
            )
        if isinstance(data, Planted) and data.world == PHOTOGRAPHS:
            data.taught = self.pictures
        return self._train_classifier(components)

    def _train_classifier(self, components: Components) -> TaskOutcome:
        key = training_key(components, self.settings)
        if (components.folder / SUMMARY).is_file() and (components.folder / WEIGHTS).is_file():
            summary: Any = read_summary(components.folder)
            if summary.get(KEY) == key:  # the same command was completed here
                return TaskOutcome(
                    {name: summary[name] for name in summary if name in ENTRIES}, summary[LINES]
                )
        names = asked_values(components.settings.get("classifier") or {})
        outcome = (
            train_classifier(components, self.settings, key)
            if names is None
            else train_ratings(components, self.settings, key, names)
        )
        write_pictures(components, outcome.pictures)
        trained = outcome.trained
        lines = closing_lines(outcome)
        end_training(components.folder)
        entries = {
            **trained.figures,
            "epochs": len(outcome.rows),
            "kept_epoch": outcome.kept,
            "trained": trained.pictures,
            "held": int(outcome.held.sum()),
            "temperature": trained.temperature,
            "notes": outcome.notes,
            LINES: lines,
            KEY: key,
        }
        return TaskOutcome(entries, lines)

    def _train_world(self, components: Components, data: Planted) -> None:
        world, folder = data.world, components.folder
        if (folder / parquet(PREDICTIONS)).exists():
            raise SettingError(f"hydra.run.dir {folder} holds a run over pictures; name another folder")
        if world == PHOTOGRAPHS:
            self._train_photographs(components, data)
            return
        epochs = self.settings.epochs or WORLD_EPOCHS
        with components.stage("train"):
            if world == VALUES:
                self._train_values(components)
                return
            if data.faces is not None:
                found = train_faces(world, components.seed, self.pictures, epochs, folder)
            else:
                found = train(world, components.seed, self.pictures, epochs, folder, data.strength)
        used = ", ".join(f"{cell['object']} for {cell['label']}" for cell in found["cells"] if cell["used"])
        sys.stdout.write(
            f"{found['accuracy']:.1%} of unseen pictures right; by intervention the network uses: "
            f"{used or 'no object'}\nweights  {components.folder / world}.safetensors\n"
        )

    def _train_values(self, components: Components) -> None:
        found = train_values(
            components.seed, self.pictures, self.settings.epochs or WORLD_EPOCHS, components.folder
        )
        r = ", ".join(f"{name} {value:.2f}" for name, value in found["r"].items())
        used = ", ".join(f"{cell['object']} for {cell['label']}" for cell in found["cells"] if cell["used"])
        sys.stdout.write(
            f"r on unseen pictures: {r}; by intervention the network uses: {used or 'no object'}\n"
            f"weights  {components.folder / VALUES}.safetensors\n"
        )

    def _train_photographs(self, components: Components, data: Planted) -> None:
        from emocam.classifier.planted import kind_of
        from emocam.train.photographs import PhotographTraining, train_photographs  # needs timm

        kind = kind_of(components.settings["classifier"].get("network"), None)
        asked = PhotographTraining(kind, self.pictures, self.settings.epochs or PHOTOGRAPH_EPOCHS)
        with components.stage("train"):
            found = train_photographs(data, asked, components.folder)
        sys.stdout.write(
            f"{found['accuracy']:.1%} of unseen pictures right\n"
            f"weights  {components.folder / PHOTOGRAPHS}.safetensors, sha256 {found['sha256'][:12]}\n"
        )


ENTRIES = {
    *(
        "held_loss",
        "accuracy",
        "balanced_accuracy",
        "macro_f1",
        "r",
        "rmse",
        "loss",
        "epochs",
        "kept_epoch",
        "trained",
        "held",
    ),
    *("temperature", "notes", LINES, KEY),
}
"""What a training adds to summary.json."""


def write_pictures(components: Components, pictures: TrainingPictures) -> None:
    """Write the ledger of all listed images, and the thumbnails of those that were used."""
    folder = components.folder
    used = [
        Refusal(printable(path), int(place), "done", "")
        for path, place in zip(pictures.paths, pictures.place, strict=True)
    ]
    rows = refusal_table(sorted([*used, *pictures.refusals], key=lambda row: row.index))
    write_parquet(rows.drop_columns(["index"]), folder / parquet(LEDGER))
    flat = [small.tobytes() for small in pictures.thumbnails]
    table = pa.table({"image": [row.path for row in used], "thumbnail": pa.array(flat, pa.binary())})
    write_parquet(table, folder / parquet(THUMBNAILS))


def closing_lines(outcome: TrainingOutcome) -> list[str]:
    """Return what the training came to, and how its weights are used."""
    trained, figures = outcome.trained, outcome.trained.figures
    kept = f"epoch {outcome.kept} of {len(outcome.rows)} was kept"
    if "accuracy" in figures:
        kept += (
            f": of {outcome.held.sum():,} pictures held back {figures['accuracy']:.1%} are right, mean recall "
            f"{figures['balanced_accuracy']:.1%}"
        )
    if "r" in figures:
        kept += f": of {outcome.held.sum():,} pictures held back the mean r with the ratings is {figures['r']:.3f}, "
        kept += f"the mean error {figures['rmse']:.2f} standard deviations"
    lines = [
        "trained: " + ", ".join(trained.labels[:12]) + (", ..." if len(trained.labels) > 12 else ""),
        kept,
    ]
    lines += [note for note in outcome.notes if "audit" in note or note.startswith("held-out r")]
    point = "; classifier.adjust=1 answers as the training corpus, 0 balanced" if trained.balanced else ""
    return [*lines, f"weights  {WEIGHTS}: classifier.weights=FILE takes it{point}"]

"""The one module that knows MLflow: a run, its numbers, its files and its status."""

import getpass
import json
import logging
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from filelock import FileLock

from emocam.errors import SettingError
from emocam.settings.secret_words import hide_secrets

# before the first import of mlflow; what the user has set stays
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

KIND = {"mlflow.experimentKind": "custom_model_development"}
"""The tags of a new experiment, whose page then opens with the runs and not with traces."""
Ending = Literal["FINISHED", "FAILED", "KILLED"]
MOST_PARAMS, LONGEST_PARAM, LONGEST_TAG = 60, 250, 5000
AT_ONCE = 8
"""Files that a server is sent at the same time."""
DEFAULT = "sqlite:///mlflow.db"
FOLDER = "emocam.folder"
"""The tag that says which folder a run writes to."""
ERROR = "emocam.error"
"""The tag that says why a run failed."""
PARENT = "mlflow.parentRunId"


def absolute(uri: str) -> str:
    """Return a store's address independent of the working directory."""
    if uri.startswith("sqlite:///") and not uri.startswith("sqlite:////"):
        return f"sqlite:///{Path(uri.removeprefix('sqlite:///')).absolute().as_posix()}"
    return uri


def public(uri: str) -> str:
    """Return an address without the name and password that may stand in it."""
    return re.sub(r"://[^/@]*@", "://", uri)


def reason_of(error: Exception) -> str:
    """Return an error of the store, its driver or the disk in one line; SQL tells a user nothing."""
    told = " ".join(str(error).partition("[SQL:")[0].split())
    return (hide_secrets(told) or type(error).__name__)[:200]


class MLflow:
    """An experiment of one tracking store; the store is made under a lock, once."""

    def __init__(self, uri: str = DEFAULT, experiment: str = "emocam") -> None:
        self.uri, self.experiment = absolute(uri), experiment
        from mlflow.exceptions import MlflowException

        # after the import, which sets levels of its own
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("mlflow.store.db.utils").setLevel(
            logging.CRITICAL
        )  # we tell what it raises as well
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # each try of a server that went
        try:
            self.experiment_id = self._initialise()
        except (MlflowException, OSError) as error:
            raise SettingError(
                f"logger.uri {public(self.uri)} cannot be reached ({reason_of(error)}); start the server, set "
                "MLFLOW_TRACKING_URI to another store, or go without by logger=null"
            ) from None
        except Exception as error:
            # sqlalchemy's errors come through as they are, and it is no dependency of ours
            raise SettingError(
                f"logger.uri {public(self.uri)} cannot be used ({reason_of(error)}); name another store"
            ) from None

    def _initialise(self) -> str:
        """Connect to the store and return the experiment's id.

        Of two processes that make the tables of one new sqlite file at once one crashes, and the client
        makes them as soon as it is built: hence the lock around both.
        """
        if not self.uri.startswith("sqlite:///"):
            return self._find_experiment(None)
        file = Path(unquote(self.uri.removeprefix("sqlite:///")))
        if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
            raise OSError(f"the folder {file.parent} is missing or may not be written to")
        if file.exists() and not (file.is_file() and os.access(file, os.W_OK)):
            raise OSError(
                f"{file} is no file, or may not be written to"
            )  # MLflow would try again for minutes
        with FileLock(f"{file}.lock"):
            return self._find_experiment((file.parent / "mlartifacts" / self.experiment).as_uri())

    def _find_experiment(self, artifacts: str | None) -> str:
        from mlflow.tracking import MlflowClient

        self.client = MlflowClient(self.uri)
        experiment = self.client.get_experiment_by_name(self.experiment)
        return (
            experiment.experiment_id
            if experiment
            else self.client.create_experiment(self.experiment, artifacts, tags=KIND)
        )

    def start(
        self, name: str, params: Mapping[str, object], tags: Mapping[str, str], parent: str | None = None
    ) -> "TrackedRun":
        tracked = self.create(name, tags, parent)
        tracked.params(params)
        return tracked

    def create(self, name: str, tags: Mapping[str, str], parent: str | None = None) -> "TrackedRun":
        """Make a run that has no params yet."""
        tags = {"mlflow.user": user(), "mlflow.source.type": "LOCAL"} | dict(tags)
        tags |= {PARENT: parent} if parent else {}
        run = self.client.create_run(self.experiment_id, run_name=name, tags=tags)
        return TrackedRun(self, run.info.run_id)

    def reopen(self, id: str) -> "TrackedRun":
        """Let an ended run go on; what ended it is no longer said of it."""
        self.client.update_run(id, "RUNNING")
        if ERROR in self.client.get_run(id).data.tags:
            self.client.delete_tag(id, ERROR)
        return TrackedRun(self, id)

    def knows(self, id: str) -> bool:
        """Return whether the store has a run of this id that was not deleted."""
        from mlflow.exceptions import MlflowException

        try:
            return str(self.client.get_run(id).info.lifecycle_stage) == "active"
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise

    def running(self) -> "list[RunningRun]":
        """Return the experiment's runs that have not ended and say which folder they write to."""
        wanted = "attributes.status = 'RUNNING'"
        found = self.client.search_runs([self.experiment_id], wanted, max_results=1000)
        return [
            RunningRun(run.info.run_id, Path(run.data.tags[FOLDER]), run.info.start_time)
            for run in found
            if FOLDER in run.data.tags
        ]

    def end(self, id: str, status: str) -> None:
        """End a run by its id."""
        self.client.set_terminated(id, status)

    @property
    def is_server(self) -> bool:
        """Whether each call is a request to a server."""
        return self.uri.startswith("http")

    @property
    def show(self) -> str:
        """The command that shows the store's runs in a browser."""
        if self.is_server:
            return self.uri
        return f"mlflow ui --backend-store-uri {shlex.quote(self.uri)}"


@dataclass(frozen=True)
class RunningRun:
    """A run that has not ended: the folder it writes to, and when it began, in milliseconds."""

    id: str
    folder: Path
    start: int


@dataclass(frozen=True)
class TrackedCorpus:
    """What a run was about: a digest of at most 36 letters, where the pictures come from, and how many."""

    name: str
    digest: str
    source: str
    images: int


def user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's number without a name
        return "unknown"


class TrackedRun:
    """One run of the store. Numbers and params go in batches: each call is a transaction."""

    def __init__(self, store: MLflow, id: str) -> None:
        self.store, self.id = store, id

    def params(self, params: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        entries = [Param(key, str(value)[:LONGEST_PARAM]) for key, value in params.items()]
        self.store.client.log_batch(self.id, params=entries[:MOST_PARAMS])

    def metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        numbers = [
            Metric(re.sub(r"[^\w\-./ ]", "_", key, flags=re.ASCII), float(value), now, step)
            for key, value in metrics.items()
        ]
        for start in range(0, len(numbers), 500):
            self.store.client.log_batch(self.id, metrics=numbers[start : start + 500])

    def has_step(self, name: str, step: int) -> bool:
        """Return whether the store has a number of this name and step."""
        return any(point.step == step for point in self.store.client.get_metric_history(self.id, name))

    def tags(self, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self.store.client.log_batch(
            self.id, tags=[RunTag(key, value[:LONGEST_TAG]) for key, value in tags.items()]
        )

    def note(self, text: str) -> None:
        """Set the description on the run's page, in Markdown."""
        self.tags({"mlflow.note.content": text[:LONGEST_TAG]})

    def corpus(self, corpus: TrackedCorpus) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        place = {"uri": corpus.source} if Path(corpus.source).is_absolute() else {"drawn": corpus.source}
        dataset = Dataset(
            corpus.name,
            corpus.digest,
            "local" if "uri" in place else "emocam",
            json.dumps(place),
            profile=json.dumps({"images": corpus.images}),
        )
        entry = DatasetInput(dataset, [InputTag("mlflow.data.context", "explained")])
        self.store.client.log_inputs(self.id, [entry])

    def picture(self, key: str, file: Path) -> None:
        """Log a picture for the image grid, which has one row per key and one column per run."""
        from PIL import Image

        def copy(target: str) -> None:
            shutil.copyfile(file, target)

        with Image.open(file) as image:
            picture = image.convert("RGB")
        if file.suffix == ".png":
            picture.save = copy  # type: ignore[method-assign, assignment]  # MLflow would compress it again
        self.store.client.log_image(self.id, picture, key=key)

    def page(self, file: str) -> str:
        """Return the address at which the store's own pages show an artifact of the run."""
        return f"#/experiments/{self.store.experiment_id}/runs/{self.id}/artifacts/{quote(file)}"

    def files(self, folder: Path, files: list[Path]) -> None:
        """Send files of a folder, or whole folders in it, each at its path within it.

        A server gets several at once: it takes as long to answer for a thumbnail as for a table.
        """
        send = self.store.client.log_artifact
        if not self.store.is_server:
            for file in files:
                if file.is_dir():
                    self.store.client.log_artifacts(self.id, str(file), file.relative_to(folder).as_posix())
                else:
                    send(self.id, str(file), _place(file, folder))
            return
        inside = ([*sorted(file.rglob("*"))] if file.is_dir() else [file] for file in files)
        every = [file for part in inside for file in part if file.is_file()]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for _ in pool.map(lambda file: send(self.id, str(file), _place(file, folder)), every):
                    pass
            except BaseException:
                pool.shutdown(
                    cancel_futures=True
                )  # of a server that went each file would wait for its own end
                raise

    def end_children(self, status: Ending) -> None:
        """End child runs that were killed before they could report."""
        running = f"tags.`{PARENT}` = '{self.id}' and attributes.status = 'RUNNING'"
        for run in self.store.client.search_runs([self.store.experiment_id], running, max_results=1000):
            self.store.client.set_terminated(run.info.run_id, status)

    def end(self, status: str) -> None:
        self.store.client.set_terminated(self.id, status)


def _place(file: Path, folder: Path) -> str | None:
    """Return the folder of an artifact for a file below a folder; None where that is the run's own."""
    inner = file.parent.relative_to(folder).as_posix()
    return None if inner == "." else inner

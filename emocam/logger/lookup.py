"""The look-up of runs that only the tracking store has, and of their files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from emocam.errors import SettingError
from emocam.logger.mlflow import DEFAULT, absolute


def named_store(id: str) -> str:
    """Return the store that MLFLOW_TRACKING_URI names, which should have this run."""
    uri = absolute(os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT)
    file = Path(unquote(uri.removeprefix("sqlite:///")))
    if uri.startswith("sqlite:///") and not file.is_file():
        raise SettingError(
            f"RUN {id} is no folder here, and there is no tracking store {file} that could know it; "
            "set MLFLOW_TRACKING_URI"
        )
    return uri


@contextmanager
def _as_setting_error(id: str, uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SettingError(f"RUN {id} cannot be had from the store {uri} ({reason})") from None


def children(id: str) -> list[str]:
    """Return the ids of a sweep's finished runs in their order; none where the run is no sweep."""
    uri = named_store(id)
    from mlflow.tracking import MlflowClient

    with _as_setting_error(id, uri):
        client = MlflowClient(uri)
        experiment = client.get_run(id).info.experiment_id
        wanted = f"tags.`mlflow.parentRunId` = '{id}' and attributes.status = 'FINISHED'"
        order = ["attributes.start_time ASC"]
        runs = client.search_runs([experiment], wanted, max_results=1000, order_by=order)
    return [run.info.run_id for run in runs]


def download(id: str, folder: Path) -> Path:
    """Download the artifacts of a run of that store to `folder`/ID."""
    uri = named_store(id)
    from mlflow.tracking import MlflowClient

    target = folder / id
    target.mkdir(parents=True, exist_ok=True)
    with _as_setting_error(id, uri):
        MlflowClient(uri).download_artifacts(id, "", str(target))
    return target

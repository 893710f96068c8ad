"""A password in an address is refused where it would be written down, and never printed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emocam.cli.arguments import check_words
from emocam.cli.messages import error_sentence
from emocam.data.corpus.store import Store
from emocam.data.table import Table
from emocam.errors import SettingError
from emocam.settings.secret_words import hide_secrets, holds_secret

SECRET = "s3cret"
OPEN_DOORS = [
    f"http://user:{SECRET}@host/photos",
    f"https://{SECRET}@host/photos",
    f"s3://AKIA:{SECRET}@bucket/photos",
    f"postgresql://user:{SECRET}@host/db",
    f"https://host/photos?X-Amz-Signature={SECRET}",
    f"https://host/a.tar?size=3&sig={SECRET}#x",
    f"https://host/photos?access_token={SECRET}",
]
HARMLESS = [
    "hf://datasets/somebody/photos@main/train",
    "abfs://container@account.dfs.core.windows.net/photos",
    "https://host:8080/a@b/c:d@e?page=3&monkey=1",
    "s3://bucket/photos",
    "user:word@nowhere",
]


@pytest.mark.parametrize("address", OPEN_DOORS)
def test_a_word_with_a_secret_is_refused_without_saying_it(address: str) -> None:
    for word in (f"data.root={address}", f"+data.root='{address}'", f"logger.uri={address}"):
        with pytest.raises(SettingError) as refused:
            check_words([word])
        assert SECRET not in str(refused.value) and "holds a password or a key" in str(refused.value)
    assert "MLFLOW_TRACKING" in str(refused.value)
    assert SECRET not in error_sentence(RuntimeError(f"no way to {address} today"), Path())


@pytest.mark.parametrize("address", HARMLESS)
def test_other_addresses_stay_as_they_are(address: str) -> None:
    assert not holds_secret(address) and hide_secrets(address) == address
    check_words([f"data.root={address}"])


def test_a_secret_in_a_table_or_from_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="holds a password or a key"):
        Store(OPEN_DOORS[0])
    table = tmp_path / "photos.csv"
    table.write_text(f"image\nhttps://host/a.jpg?X-Amz-Signature={SECRET}\n")
    with pytest.raises(SettingError, match="holds a password or a key") as refused:
        Table(file=table, root="https://host")
    assert SECRET not in str(refused.value)


def test_no_file_is_written_of_a_command_with_a_password(
    emocam: Callable[..., int], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["data=folder", f"data.root={OPEN_DOORS[0]}", f"hydra.run.dir={tmp_path / 'run'}"]
    assert emocam("cam=gradcam", *words) == 1
    assert SECRET not in "".join(capfd.readouterr()) and not (tmp_path / "run").exists()

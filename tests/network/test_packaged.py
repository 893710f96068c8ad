import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from emocam.errors import SettingError
from emocam.network.packaged import PackagedFile

CONTENT = b"weights"
FILE = PackagedFile("carrier_of_weights", "models/net.pth", 7, sha256(CONTENT).hexdigest(), "do this")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that must not be run."""
    package = tmp_path / FILE.package
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('the package was run')")
    (package / FILE.path).write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    return package


def test_a_file_is_found_without_running_its_package(installed):
    assert FILE.find() == installed / FILE.path
    assert FILE.package not in sys.modules


@pytest.mark.parametrize("changed", [{"size": 8}, {"sha256": "0" * 64}])
def test_another_file_is_refused(installed, changed):
    with pytest.raises(
        SettingError, match=r"net\.pth is not the file that is known here \([78] bytes, .*do this"
    ):
        replace(FILE, **changed).find()


def test_an_absent_package_or_file_is_one_sentence(installed):
    with pytest.raises(SettingError) as error:
        replace(FILE, package="carrier_of_nothing").find()
    assert str(error.value) == (
        "classifier.weights: net.pth of the package carrier_of_nothing is not installed; do this"
    )
    with pytest.raises(SettingError, match=r"other\.pth of the package carrier_of_weights is not installed"):
        replace(FILE, path="other.pth").find()

"""Weights and names from files."""

import copy
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.weights import fit, read_weights


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("cat\ndog\n", ["cat", "dog"]),
        ("cat\r\ndog", ["cat", "dog"]),
        ("\ufeffcat\ndog\n\n  \n", ["cat", "dog"]),
        (" cat\nbig\tdog \n", [" cat", "big\tdog "]),
        ("a\u2028b\nc\x0cd\x85e\n", ["a\u2028b", "c\x0cd\x85e"]),
    ],
)
def test_names_are_as_they_stand_in_their_lines(tmp_path: Path, content: str, names: list[str]) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content.encode())
    assert read_labels(file) == names


@pytest.mark.parametrize(
    ("content", "fault"),
    [("", "it is empty"), ("a\n \nb", "a line is empty"), ("a\nb\na", "'a' stands twice")],
)
def test_names_that_are_not_one_a_line_are_told(tmp_path: Path, content: str, fault: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_text(content)
    with pytest.raises(SettingError, match=fault):
        read_labels(file)


def packed(path: Path, megabytes: int) -> Path:
    """An archive as torch writes it, but for one record that is compressed and unfolds to so much."""
    torch.save({"a": torch.zeros(4)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {record.filename: archive.read(record) for record in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in records.items():
            if name.endswith("data/0"):
                archive.writestr(name, bytes(megabytes << 20), zipfile.ZIP_DEFLATED, compresslevel=1)
            else:
                archive.writestr(name, content)
    return path


PEAK = """
import sys
from pathlib import Path
from emocam.errors import SettingError
from emocam.network.weights import read_weights
def peak():  # of this program alone: getrusage knows the peak of the process that started it, too
    return int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])
before = peak()
try:
    read_weights(sys.argv[1])
except SettingError as error:
    print(error)
print((peak() - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak in /proc")
def test_a_compressed_record_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = packed(tmp_path / "bomb.pth", 600)
    assert file.stat().st_size < 5 << 20
    command = [sys.executable, "-c", PEAK, str(file)]
    told, grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told.startswith(
        f"classifier.weights: {file} is no file of plain weights (its record bomb/data/0 is"
    )
    assert float(grown) < 60, "MB"


def test_records_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, tmp_path / "x.pth")
    with zipfile.ZipFile(tmp_path / "x.pth", "a") as archive:
        for number in range(9):
            again = copy.copy(archive.getinfo("x/data/0"))
            again.filename = f"x/data/{number + 1}"
            archive.filelist.append(again)
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(SettingError, match="records are larger than the file"):
        read_weights(tmp_path / "x.pth")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_records_of_one_name_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1000)}, tmp_path / "x.pth")
    with zipfile.ZipFile(tmp_path / "x.pth", "a") as archive:
        archive.writestr("x/data/0", bytes(4000))
    with pytest.raises(SettingError, match=r"no file of plain weights \(two of its records have one name\)"):
        read_weights(tmp_path / "x.pth")


@pytest.mark.parametrize("wrapped", ["module.a", "_orig_mod.a", "module._orig_mod.a"])
def test_two_tensors_that_become_one_name_are_refused_unless_they_are_equal(
    tmp_path: Path, wrapped: str
) -> None:
    torch.save({wrapped: torch.ones(3), "a": torch.zeros(3)}, tmp_path / "x.pth")
    with pytest.raises(SettingError, match=r"classifier\.weights: \S+x\.pth holds two tensors that are a "):
        read_weights(tmp_path / "x.pth")
    torch.save({"a": torch.zeros(3), wrapped: torch.zeros(3)}, tmp_path / "x.pth")
    assert read_weights(tmp_path / "x.pth")["a"].tolist() == [0, 0, 0]


@pytest.mark.filterwarnings("ignore")  # torch's, of what it calls beta
@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ({"a": torch.zeros(2, dtype=torch.complex64)}, "a holds complex64"),
        ({"a": torch.zeros(2, 2).to_sparse()}, "a is sparse_coo"),
        ({"a": torch.eye(2).to_sparse_csr()}, "a is sparse_csr"),
        ({"a": torch.zeros(2, device="meta")}, "a has a shape and no numbers (meta)"),
        ({"a": torch.quantize_per_tensor(torch.zeros(2), 1.0, 0, torch.qint8)}, "a holds qint8"),
        ({1: torch.zeros(2)}, "1 is no name"),
        ({("a",): torch.zeros(2)}, "('a',) is no name"),
        ({"a": [torch.zeros(2)]}, "holds a dict"),
        ([torch.zeros(2)], "holds a list"),
        ({"a": Path}, "it holds something else than tensors"),
    ],
)
def test_what_is_no_plain_tensor_by_name_is_told(tmp_path: Path, state: object, fault: str) -> None:
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(SettingError) as told:
        read_weights(tmp_path / "odd.pth", "detector.weights")
    assert str(told.value).startswith("detector.weights: ") and fault in str(told.value)
    assert "weights_only" not in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_random_bytes_are_a_sentence_without_torch_s_advice(tmp_path: Path, suffix: str) -> None:
    draw = np.random.default_rng(0)
    for number in range(30):
        head = [b"", b"\x80\x02", b"PK\x03\x04", b"\x80\x02}q\x00", (9).to_bytes(8, "little")][number % 5]
        file = tmp_path / f"{number}{suffix}"
        file.write_bytes(head + draw.bytes(200))
        with pytest.raises(
            SettingError, match=r"^classifier\.weights: .* is no file of plain weights"
        ) as told:
            read_weights(file)
        assert "weights_only" not in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_whole_numbers_are_no_weights(tmp_path: Path, dtype: torch.dtype) -> None:
    torch.save({"weight": torch.zeros(1, 2, dtype=dtype), "bias": torch.zeros(1)}, tmp_path / "x.pth")
    name = str(dtype).removeprefix("torch.")
    with pytest.raises(
        SettingError, match=rf"1 of another kind of number \(weight {name} instead of float32\)"
    ):
        fit(nn.Linear(2, 1), read_weights(tmp_path / "x.pth"), "x.pth")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_fractions_and_counters_are_taken(tmp_path: Path, dtype: torch.dtype) -> None:
    state = nn.BatchNorm2d(3).state_dict()
    kept = {
        name: value.to(dtype) if value.is_floating_point() else value + 7 for name, value in state.items()
    }
    torch.save({f"module.{name}": value for name, value in kept.items()}, tmp_path / "x.pth")
    network = nn.BatchNorm2d(3)
    fit(network, read_weights(tmp_path / "x.pth"), "x.pth")
    assert network.num_batches_tracked == 7 and network.weight.dtype == torch.float32


def test_names_come_from_a_regular_file_of_some_size(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for endless in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(SettingError, match="must be a regular file"):
            read_labels(endless)
    with (tmp_path / "long.txt").open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(SettingError, match="must be a text file of at most 64 MB, got 65 MB"):
        read_labels(tmp_path / "long.txt")


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:ab",
            "it is text that begins with 'version https",
        ),
        ("<html>\u00e9t\u00e9".encode(), "it is text that begins with '<html>"),
        (("\u00e9" * 400).encode(), "it is text that begins with '\u00e9"),
        (b"a", "it is text that begins with 'a'"),
        (b"", "it is empty"),
        (b"\x89PNG\r\n\x1a\n0000", "it is a picture"),
        (b"\x1f\x8b\x08\x00\x00", "it is compressed; unpack it first"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(
    tmp_path: Path, content: bytes, kind: str, suffix: str
) -> None:
    file = tmp_path / f"net.{suffix}"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=rf"classifier\.weights: .* is no file of plain weights \({kind}"):
        read_weights(file)


def test_a_folder_is_no_file_of_weights(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"is no file of plain weights \(it is a folder\)"):
        read_weights(tmp_path)

"""Every file that a detector is given is in its record: a changed content makes what it found stale."""

import os
from pathlib import Path

import pytest

from emocam.detector.darknet import Darknet
from emocam.settings.digests import Digests
from emocam.settings.read_files import recorded_files

pytest.importorskip("cv2")


def record(files: dict[str, str]) -> dict[str, str]:
    with recorded_files(Digests()) as read:
        Darknet(**files)
    return dict(read)


@pytest.mark.parametrize("setting", ["cfg", "weights", "names"])
def test_each_file_of_a_darknet_tells_its_content_and_no_time(
    small_net: dict[str, str], setting: str
) -> None:
    before, file = record(small_net), Path(small_net[setting])
    assert record(small_net) == before and set(before) == set(map(str, small_net.values()))
    content, state = bytearray(file.read_bytes()), file.stat()
    if setting == "cfg":
        content = bytearray(file.read_bytes().replace(b"activation=leaky", b"activation=swish", 1))
    elif setting == "weights":
        content[-1] ^= 1
    else:
        content[0] ^= 1
    assert content != file.read_bytes() and len(content) == state.st_size
    file.write_bytes(content)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    after = record(small_net)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {str(file)}

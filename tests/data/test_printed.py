"""No two files share a name in the tables, and each name leads back to its file."""

import os
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emocam.data.folder import Folder
from emocam.data.printed import printable, unprinted
from emocam.data.samples import Samples
from emocam.view.crops import Stretch

PIECES = st.sampled_from(
    [b"\\", b"\\xff", b"xff", b"\xff", b"\xfe", b"\\\\", b"a", "é".encode(), b"u0041", b"0"]
)


@given(st.lists(PIECES, min_size=1).map(b"".join), st.lists(PIECES, min_size=1).map(b"".join))
def test_names_lead_back_and_differ(one: bytes, other: bytes) -> None:
    names = [os.fsdecode(one), os.fsdecode(other)]
    texts = [printable(name) for name in names]
    assert [unprinted(text) for text in texts] == names
    assert (texts[0] == texts[1]) == (one == other)
    "".join(texts).encode("utf-8")


def test_a_plain_name_is_itself() -> None:
    assert printable("Adults park/é x.jpg") == unprinted("Adults park/é x.jpg") == "Adults park/é x.jpg"


def test_a_file_named_by_bytes_and_one_named_as_these_are_spelt_stay_apart(tmp_path: Path) -> None:
    for name in (b"bad\xff\xfe.png", rb"bad\xff\xfe.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / os.fsdecode(name), "PNG")
    data = Folder(root=tmp_path)
    listing = data.listing()
    samples = Samples(data, listing, np.arange(2), Stretch((4, 4)), Stretch((4, 4)))
    assert {samples[0].path, samples[1].path} == {r"bad\xff\xfe.png", r"bad\\xff\\xfe.png"}

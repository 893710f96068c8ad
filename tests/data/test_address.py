"""Addresses of parts of files are read back to what they were made of."""

import pytest

from emocam.data.address import Address, listed_files, read_address


@pytest.mark.parametrize(
    "address",
    [
        Address("a.jpg"),
        Address("b/c.mp4", 1.25),
        Address("b.mp4", -0.04, 2),
        Address("we#ird.jpg", face=0),
        Address("we#t=1.jpg"),
        Address("a b#face=.png"),
    ],
)
def test_an_address_is_read_as_it_was_written(address: Address) -> None:
    assert read_address(str(address)) == address


def test_a_name_with_a_number_sign_is_a_file() -> None:
    for name in ("a#1.jpg", "a#face=1.png", "#t=1.000000.jpg", "a#t=1.5", "a#"):
        assert read_address(name) == Address(name)


def test_files_are_named_once() -> None:
    assert listed_files(["a.mp4#t=0.000000", "a.mp4#t=1.000000&face=3", "b.jpg", "c.jpg#face=0"]) == [
        "a.mp4",
        "b.jpg",
        "c.jpg",
    ]

"""The planted film as files: what `data=video` reads, with what its observers say."""

import csv
import io
from pathlib import Path

from emocam.data.film_writer import FilmWriter
from emocam.world.draw import draw
from emocam.world.film import SOURCE, PlantedFilm

SAID = "observers.csv"


def write_film(folder: Path, film: PlantedFilm) -> None:
    """Write film.mp4 and observers.csv into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with FilmWriter(folder / SOURCE, setting="data.export") as writer:
        for frame in range(film.frames):
            writer.add(draw(film.scene(frame)), film.time(frame))
    said = io.StringIO()
    rows = csv.writer(said, lineterminator="\n")
    rows.writerow(["start", "end", "emotion", "observer"])
    rows.writerows(film.observed())
    (folder / SAID).write_text(said.getvalue(), encoding="utf-8")

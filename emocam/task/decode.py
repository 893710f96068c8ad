"""Labels of a film decoded from series of brain regions, with what each region tells."""

import sys

from emocam.data.regions import Regions
from emocam.decoding.decode import decode_film, region_table
from emocam.decoding.tables import SURE, write_effect, write_evidence
from emocam.errors import SettingError
from emocam.predict.components import Components
from emocam.predict.groups import write_groups
from emocam.predict.keys import series_key, written_key
from emocam.results.chunks import Chunks
from emocam.results.files import DECODING, DECODING_REGIONS, FILES, parquet
from emocam.results.spreadsheet import write_csv
from emocam.version import __version__

OF_PICTURES = ("classifier", "detector", "cam", "attribution", "paste", "effect")


class Decode:
    """Decodes each word of the observers by a ridge that leaves one run out.

    `draws` is how often the labels are moved along time for a label's p, `region_draws` for a region's, of which
    there are many to be corrected for.
    """

    def __init__(self, draws: int = 999, region_draws: int = 9_999) -> None:
        for name, value in (("draws", draws), ("region_draws", region_draws)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 19:
                raise SettingError(f"task.{name} must be a whole number of at least 19, got {value!r}")
        self.draws = draws, region_draws

    def perform(self, components: Components) -> Regions:
        """Leave the run's tables, decoding.csv and decoding_regions.csv in its folder."""
        data = checked_regions(components)
        key = series_key(components, self.draws)
        folder = components.folder
        chunks = Chunks(folder, key)
        written = written_key([folder / parquet(name) for name in FILES[:3]])
        if (chunks.stored_key() or written) not in (None, key):
            raise SettingError(
                f"hydra.run.dir {folder} holds a run of other settings, files or code; "
                "name another folder, or remove this one"
            )
        data.prepare()
        with components.stage("predict"):
            film, notes = decode_film(data.observed.words, data.clean, data.on, self.draws, components.seed)
            notes = [*data.notes, *notes]
            table = film.table()
            if blind := table.loc[table["p"] >= SURE, "label"].tolist():
                notes.append(
                    f"not decoded above chance, so no region is said to tell it: {', '.join(blind[:8])}"
                    + (f" and {len(blind) - 8} more" if len(blind) > 8 else "")
                )
            for note in notes:
                sys.stderr.write(f"{note}\n")
        with components.stage("merge"):
            names = {"labels": film.labels, "objects": data.objects, "version": __version__, "notes": notes}
            write_evidence(film, data, chunks, {**names, "key": key}, folder)
            write_groups(folder, data)
            write_effect(film, data, key, folder)
            write_csv(table, folder / DECODING, index=False)
            regions = region_table(film, data.objects, components.seed)
            write_csv(regions, folder / DECODING_REGIONS, index=False)
        return data


def checked_regions(components: Components) -> Regions:
    """Return the series of regions that are to be decoded; refuse what only goes with pictures."""
    for name in OF_PICTURES:
        if components.settings.get(name):
            raise SettingError(
                f"{name} is for pictures, and task=decode decodes series of brain regions; give {name}=null, or "
                "emocam decode TABLES --timeline FILE"
            )
    data = components.data
    if not isinstance(data, Regions):
        raise SettingError("task=decode needs data=regions: emocam decode TABLES --timeline FILE")
    for name in ("limit", "shard"):
        if getattr(data, name) is not None:
            raise SettingError(f"data.{name}: runs are decoded as a whole; leave it out")
    return data

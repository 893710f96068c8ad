"""What a sweep over the shards of a corpus says at its end: what was there, what was done, what is missing."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from emocam.runner.job_status import Job

WORD = re.compile(r"data\.shard=([1-9]\d*)/([1-9]\d*)")
ALL = re.compile(r"data\.shard=all/([1-9]\d*)")
MOST_NAMED = 8
MOST_SHARDS = 100_000


def all_shards_spelt_out(word: str) -> str:
    """Return `data.shard=all/3` as `data.shard=1/3,2/3,3/3`; any other word by itself."""
    match = ALL.fullmatch(word)
    if match is None or int(match[1]) > MOST_SHARDS:
        return word
    return "data.shard=" + ",".join(f"{number}/{match[1]}" for number in range(1, int(match[1]) + 1))


def all_shards_in_short(word: str) -> str:
    """Return the word of all shards as a person types it; any other by itself."""
    if not word.startswith("data.shard=1/"):
        return word
    short = f"data.shard=all/{word.rpartition('/')[2]}"
    return short if all_shards_spelt_out(short) == word else word


def asked_shards(words: Sequence[str]) -> list[str]:
    """Return the shards that a sweep goes over; none where it does not divide a corpus."""
    values = [word.partition("=")[2] for word in words if word.startswith("data.shard=") and "," in word]
    return values[-1].split(",") if values else []


def shard_of(job: Job) -> str | None:
    """Return the shard that a job explained."""
    found = [match for word in job.words if (match := WORD.fullmatch(word))]
    return f"{found[-1][1]}/{found[-1][2]}" if found else None


def shard_lines(folder: Path, ended: Sequence[Job], asked: Sequence[str]) -> list[str]:
    """Return the closing lines of a sweep over shards, each of them once or with each of several settings."""
    done = [job for job in ended if job.status != 1]
    there = sum(job.there for job in done)
    counts = Counter(map(shard_of, ended))
    times = max(counts.values(), default=1)
    silent = [shard for shard in asked for _ in range(times - counts[shard])]
    lines = [
        f"{times * len(asked) or len(ended):,} shards: {there:,} were there already, {len(done) - there:,} done now, "
        f"{len(ended) - len(done):,} failed, {len(silent):,} did not end"
    ]
    if silent:
        more = ", ..." if len(silent) > MOST_NAMED else ""
        lines.append(
            f"{', '.join(silent[:MOST_NAMED])}{more} did not end: killed, or still at work; once no job is, the same "
            "command does what is missing"
        )
    if not silent and len(done) == len(ended) and times > 1:
        lines.append(
            "emocam merge RUN RUN ...   makes one run of the shards of one setting: name their folders"
        )
    elif not silent and len(done) == len(ended):
        lines.append(f"emocam merge {shlex.quote(str(folder))}   makes one run of them")
    return lines

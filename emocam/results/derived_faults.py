"""All that follows from a run's own tables, derived once more and held to what its files say."""

from collections.abc import Callable, Iterator

from emocam.results.recount import recounted_faults
from emocam.results.recount_truth import annotated_faults, cell_copy_faults, effect_faults
from emocam.results.row_faults import row_faults
from emocam.results.run import Run

CHECKS: tuple[Callable[[Run], Iterator[str]], ...] = (
    recounted_faults,
    row_faults,
    annotated_faults,
    effect_faults,
    cell_copy_faults,
)


def derived_faults(run: Run) -> Iterator[str]:
    """Yield a sentence for each number or name that does not follow from the rest of the run."""
    for check in CHECKS:
        try:
            yield from check(run)
        except Exception as error:  # tables that do not fit each other may lead anywhere
            reason = " ".join(str(error).split())[:160]
            yield f"the tables do not fit each other ({type(error).__name__}: {reason})"

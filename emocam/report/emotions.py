"""The caution that stands on a page whose labels are words for emotions."""

from emocam.results.run import Run

LISTED = """
admiration adoration aesthetic amusement anger angry annoyance anticipation anxiety approval awe
awkwardness boredom calm calmness caring confusion contempt contentment craving curiosity desire
disappointment disapproval disconnection disgust disgusted disquietment doubt embarrassment empathic
empathy entrancement esteem excitement fatigue fear fearful gratitude grief happiness happy horror
interest joy loneliness love melancholy nervousness neutral nostalgia optimism pain peace pleasure
pride rage realization relief remorse romance sad sadness satisfaction serenity sexual shame
suffering surprise surprised sympathy terror triumph trust yearning
"""
WORDS = frozenset(LISTED.split())
"""Single words of the lists of labels that classifiers of emotions are trained on."""


def are_emotions(labels: list[str]) -> bool:
    """Return whether at least half of some labels are words for emotions, and one of them is more than `neutral`."""
    emotional = [label for label in labels if WORDS & set(label.casefold().replace("/", " ").split())]
    felt = any(label.casefold() != "neutral" for label in emotional)
    return felt and 2 * len(emotional) >= len(labels)


def caution(run: Run) -> str | None:
    """Return what such labels say, with one of the run's own; None where the labels are no emotions."""
    labels = [name.removesuffix(" +").removesuffix(" -") for name in run.label_names]
    if run.value_names or not are_emotions(labels):
        return None
    label = next(name for name in labels if are_emotions([name]))
    return (
        f"The labels are words for emotions. {label} means that annotators like those of the training pictures would "
        f"have said {label} of such a picture. It says nothing of what anybody in a picture feels, and must not be "
        "used to judge people."
    )

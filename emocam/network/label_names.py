"""Other names for what a classifier answers: labels are renamed, merged into one, selected.

A picture that is called by a child is called by its parent then, as a child's region is the parent's region: what was
answered is kept, and with it the map that explains it, so that labels add their pictures. Children exclude each
other, so that the parent's probability is the sum of theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.settings.name_steps import NameSteps, Speaking

LABELS = Speaking("labels", "classifier", "label")
TRUTH = "truth"


class CalledBy(NamedTuple):
    """What pictures are called (B,), places among all names; its probability (B,); and logits of kept labels (B, L)."""

    called: Tensor
    confidence: Tensor
    logits: Tensor


class LabelNames:
    """The names of a classifier's labels; each step uses the names that the one before left.

    `rename` gives old: new. `merge` gives a parent: its children, and the parent may be a label itself. `only` keeps
    the named labels, and leaves out the pictures that are called otherwise. `labels` are those that are kept, and
    `names` all of them.
    """

    def __init__(
        self,
        own: Sequence[str],
        rename: Mapping[str, str] | None = None,
        merge: Mapping[str, Sequence[str]] | None = None,
        only: Sequence[str] | None = None,
    ) -> None:
        steps = NameSteps(rename or {}, merge or {}, only, LABELS)
        found = steps.names(own)
        self.labels = steps.kept(found)
        self.names = list(dict.fromkeys(found))
        self.of = dict(zip(own, found, strict=True))
        places = {name: place for place, name in enumerate(self.names)}
        self.place = torch.tensor([places[name] for name in found])
        self.kept = torch.tensor([places[name] for name in self.labels])

    def together(self, logits: Tensor) -> Tensor:
        """Return logits (B, names) of the classifier's own (B, L): the softmax gives the sums of probabilities."""
        logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
        place = self.place.to(logits.device).expand(logits.shape)
        low = logits.new_full((len(logits), len(self.names)), -torch.inf)
        highest = low.scatter_reduce(1, place, logits, "amax")
        sums = torch.zeros_like(low).scatter_add(1, place, (logits - highest.gather(1, place)).exp())
        return highest + sums.log()

    def called(self, own: Tensor) -> Tensor:
        """Return what labels (B,) of the classifier are called, places among all names."""
        return self.place.to(own.device)[own]

    def named(self, logits: Tensor, own: Tensor | None = None) -> CalledBy:
        """Return what pictures are called by logits (B, L), or by the classifier's labels `own` (B,) of them."""
        called = self.called(logits.argmax(-1) if own is None else own)
        together = self.together(logits)
        confidence = together.softmax(-1).gather(-1, called[:, None])[:, 0]
        return CalledBy(called, confidence, together[:, self.kept.to(logits.device)])

    def places_kept(self, called: Tensor) -> Tensor:
        """Return places among the labels that are kept (B,), -1 for the others."""
        back = torch.full((len(self.names),), -1)
        back[self.kept] = torch.arange(len(self.kept))
        return back.to(called.device)[called]

    def asked(self, own: Sequence[str]) -> list[str]:
        """Return names by which one label of the classifier can be asked about: a merged one keeps its own."""
        found = [self.of[name] for name in own]
        return [name if found.count(name) == 1 else mine for name, mine in zip(found, own, strict=True)]

    def known(self, known: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return what is known of pictures, with the true labels by their new names."""
        if TRUTH not in known:
            return known
        return known | {TRUTH: [self.of.get(name, name) for name in known[TRUTH]]}


def check_renamed(classifier: Any, settings: Mapping[str, Any]) -> None:
    """Refuse other names where no one label a picture is answered."""
    if classifier.values is not None:
        raise SettingError("labels renames labels, and classifier.values are numbers; give one of them")
    if classifier.many is not None:
        raise SettingError(
            "labels goes by one label a picture, and with classifier.many a picture may have several; leave it away, "
            "or give classifier.many=false"
        )
    if settings.get("attribution") is not None:
        raise SettingError(
            "attribution weighs points by the classifier's own labels; leave labels away, and give it to a replay"
        )

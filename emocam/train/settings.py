"""The settings of a training, `train.*`, checked where they enter."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from emocam.errors import SettingError, nearest

BALANCES = ("none", "weights", "sampler")
LAST = "last"
FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "held_loss")
VALUE_FIGURES = ("r", "held_loss")
"""What may choose the epoch of labels and of values, all of the held-out part; the default is below."""
DEFAULT_FIGURE, DEFAULT_VALUE_FIGURE = "balanced_accuracy", "r"


@dataclass(frozen=True)
class Changes:
    """How far a training picture is changed; 0 leaves that alone.

    `flip` and `erase` are shares of the pictures, `turn` is in degrees, `shift` a share of the side; `scale`,
    `contrast` and `brightness` are the largest deviations from 1, 1 and 0.
    """

    flip: float = 0.5
    turn: float = 12
    scale: float = 0.12
    shift: float = 0.1
    contrast: float = 0.25
    brightness: float = 0.15
    erase: float = 0.4

    def __post_init__(self) -> None:
        for one in fields(self):
            value, most = getattr(self, one.name), 180 if one.name == "turn" else 1
            if not _is_number(value) or not 0 <= value <= most or (one.name == "scale" and value == 1):
                raise SettingError(f"train.augment.{one.name} must be a number in [0, {most}], got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class TrainSettings:
    """How a classifier is trained: `train.epochs`, `train.hold` and the rest of `conf/train`."""

    epochs: int | None = None
    hold: float = 0.1
    balance: Literal["none", "weights", "sampler"] = "none"
    adjust: int = 0
    smoothing: float = 0.1
    augment: dict[str, Any] | None = field(default_factory=dict)
    patience: int | None = None
    keep: str | None = None
    rate: float | None = None
    decay: float = 0.02
    correlation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("epochs", "patience"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise SettingError(f"train.{name} must be a whole number of at least 1, got {value!r}")
        if not _is_number(self.hold) or not 0 <= self.hold <= 0.5:
            raise SettingError(f"train.hold must be a number in [0, 0.5], got {self.hold!r}")
        if self.balance not in BALANCES:
            raise SettingError(f"train.balance must be one of {', '.join(BALANCES)}, got {self.balance!r}")
        if self.adjust not in (0, 1) or isinstance(self.adjust, bool):
            raise SettingError(f"train.adjust must be 0 or 1, got {self.adjust!r}")
        if self.adjust and self.balance != "none":
            raise SettingError(
                f"train.adjust=1 and train.balance={self.balance} both balance the answers; take one of them"
            )
        if not _is_number(self.smoothing) or not 0 <= self.smoothing < 1:
            raise SettingError(f"train.smoothing must be a number in [0, 1), got {self.smoothing!r}")
        if self.rate is not None and (not _is_number(self.rate) or self.rate <= 0):
            raise SettingError(f"train.rate must be a number above 0, got {self.rate!r}")
        if not _is_number(self.decay) or self.decay < 0:
            raise SettingError(f"train.decay must be a number of at least 0, got {self.decay!r}")
        if not _is_number(self.correlation) or self.correlation < 0:
            raise SettingError(f"train.correlation must be a number of at least 0, got {self.correlation!r}")
        known = [*dict.fromkeys((*FIGURES, *VALUE_FIGURES, LAST))]
        if self.keep is not None and self.keep not in known:
            raise SettingError(f"train.keep {self.keep!r} is no figure; {nearest(str(self.keep), known)}")
        if not self.hold and (self.keep != LAST or self.patience is not None):
            raise SettingError(
                "train.hold=0 holds no picture back, so nothing can choose an epoch; give train.keep=last and "
                "train.patience=null, or hold some back"
            )
        _ = self.changes  # an unknown one is told before any picture is opened

    @property
    def changes(self) -> Changes | None:
        """How pictures are changed, or None."""
        if self.augment is None:
            return None
        known = [one.name for one in fields(Changes)]
        for name in self.augment:
            if name not in known:
                raise SettingError(f"train.augment.{name} is no setting; {nearest(name, known)}")
        return Changes(**self.augment)

    def figure_of(self, values: bool) -> str:
        """Return the figure that chooses the epoch of a training on labels, or on values; refuse the other's."""
        of_these = VALUE_FIGURES if values else FIGURES
        if self.keep is not None and self.keep not in (*of_these, LAST):
            told = "values" if values else "labels"
            raise SettingError(
                f"train.keep={self.keep} is no figure of a training on {told}; take {', '.join(of_these)} or {LAST}"
            )
        return self.keep or (DEFAULT_VALUE_FIGURE if values else DEFAULT_FIGURE)

    def check_for_values(self) -> None:
        """Refuse what a training on numbers cannot do."""
        for name, plain in (("balance", "none"), ("adjust", 0)):
            if getattr(self, name) != plain:
                raise SettingError(
                    f"train.{name}={getattr(self, name)} balances labels, and with classifier.values the answers "
                    "are numbers; leave it away"
                )
        _ = self.figure_of(values=True)

    @property
    def balanced(self) -> bool:
        """Whether the plain answers are those of a corpus in which all labels are as frequent."""
        return bool(self.adjust) or self.balance != "none"

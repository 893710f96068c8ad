"""An image classifier saved by torch.jit, of which only the answers are asked for."""

from collections.abc import Sequence

from emocam.classifier.opaque import MEAN, STD, OpaqueClassifier, read_program_labels, read_size
from emocam.errors import SettingError
from emocam.network.torchscript_file import read_program


class TorchScriptClassifier(OpaqueClassifier):
    """The program of a file `weights`, as torch.jit.trace or torch.jit.script made it."""

    def __init__(
        self,
        weights: str | None = None,
        labels: str | None = None,
        size: Sequence[int] | int | None = None,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        many: bool = False,
    ) -> None:
        if weights is None:
            raise SettingError(
                "classifier.weights is not set; classifier=torchscript needs classifier.weights=FILE.pt"
            )
        program = read_program(weights)
        names = read_program_labels(labels, None)
        super().__init__(program, weights, read_size(size, None, weights), names, mean, std, many)

"""An image classifier exported to ONNX, run by ONNX Runtime."""

from collections.abc import Sequence

from emocam.classifier.opaque import MEAN, STD, OpaqueClassifier, read_program_labels, read_size
from emocam.errors import SettingError
from emocam.network.onnx_file import OnnxNetwork


class OnnxClassifier(OpaqueClassifier):
    """The network of a file `weights`; `output` names its answers where it has several outputs."""

    def __init__(
        self,
        weights: str | None = None,
        labels: str | None = None,
        size: Sequence[int] | int | None = None,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
        output: str | None = None,
        many: bool = False,
    ) -> None:
        if weights is None:
            raise SettingError(
                "classifier.weights is not set; classifier=onnx needs classifier.weights=FILE.onnx"
            )
        network = OnnxNetwork(weights, output)
        names = read_program_labels(labels, network.names)
        own: tuple[int, int] | None = network.size  # type: ignore[assignment]
        super().__init__(network, weights, read_size(size, own, weights), names, mean, std, many)

"""An ONNX file opened by ONNX Runtime, for classifiers and detectors alike."""

from pathlib import Path
from typing import Any

import torch

from emocam.errors import SettingError
from emocam.settings.read_files import noted

EXTRA = "pip install 'emocam[onnx]'"


def open_session(file: Path, setting: str, missing: str) -> Any:
    """Open a file by ONNX Runtime, on as many cores as torch takes; custom operators are not loaded.

    `setting` is what named the file, and `missing` the sentence for where ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise SettingError(missing) from None
    if not file.is_file():
        raise SettingError(f"{setting}: there is no file {file}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(noted(file)), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever its bytes lead to
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise SettingError(f"{setting}: {file} is no ONNX file that can be run ({reason})") from None

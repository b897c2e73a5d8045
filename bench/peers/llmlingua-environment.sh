#!/usr/bin/env bash
# Makes the Python environment of the official LLMLingua and LLMLingua-2 (several GB) in bench/peers/.venv-llmlingua, once.
# The package runs with transformers 4.46 and 4.47 only, so the environment of the PyTorch contestant will not do.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv-llmlingua/bin/python ] && exit 0
python3 -m venv .venv-llmlingua
.venv-llmlingua/bin/pip install -q 'torch==2.15.*' 'transformers==4.47.1' 'llmlingua==0.2.2' 'gguf==0.17.1' 'numpy==2.2.6' accelerate nltk tiktoken safetensors

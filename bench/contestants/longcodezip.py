"""The official LongCodeZip (not on PyPI: LC_BENCH_LONGCODEZIP names a checkout), both of its models replaced by one float32 model."""
import os
import sys
import time

folder = os.path.join(os.path.dirname(__file__), "..", "..", "packages", "compress", "fixtures", "longcodezip")
sys.path.insert(0, folder)
import torch  # noqa: E402
from answer_requests import answer_requests  # noqa: E402
from make import load_official  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

torch.set_num_threads(int(os.environ.get("LC_BENCH_THREADS", "2")))
torch.set_grad_enabled(False)
ranker = None
read = 0


def count(_module, args, kwargs):
    global read
    read += kwargs.get("input_ids", args[0] if args else None).numel()


def load(request):
    global ranker
    start = time.perf_counter()
    source, file = os.path.split(request["model"])
    converted = os.environ.get("LC_BENCH_FLOAT32") or os.path.join(os.environ["LC_BENCH_CONVERTED"], "float32")
    if not os.path.exists(os.path.join(converted, "config.json")):
        model = AutoModelForCausalLM.from_pretrained(source, gguf_file=file, dtype=torch.float32)
        # the weights are float32 by now; the mark of the file they came from forbids saving
        model.is_quantized, model.hf_quantizer = False, None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(converted)
        AutoTokenizer.from_pretrained(source, gguf_file=file).save_pretrained(converted)
    ranker = load_official(os.environ["LC_BENCH_LONGCODEZIP"], converted)
    ranker.model.register_forward_pre_hook(count, with_kwargs=True)
    return {"ms": (time.perf_counter() - start) * 1e3, "version": f"torch {torch.__version__}"}


def compress(request):
    with open(request["files"][0], encoding="utf-8") as file:
        code = file.read()
    for cache in ranker.cache.values():
        cache.clear()
    global read
    read = 0
    start = time.perf_counter()
    result = ranker.compress_code_file(code=code, query=request["query"], instruction="", target_token=request["budget"], language="python", rank_only=False, fine_ratio=0.5)
    return {"ms": (time.perf_counter() - start) * 1e3, "detail": {"kept": ranker.get_token_length(result["compressed_code"]), "of": ranker.get_token_length(code), "read": read}}


answer_requests({"load": load, "compress": compress})

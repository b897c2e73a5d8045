"""PyTorch + transformers, float32, sdpa, inference mode, log_softmax + gather, on the dequantised weights of the GGUF file."""
import os
import time

import torch
import transformers
from answer_requests import answer_requests
from transformers import AutoModelForCausalLM

torch.set_num_threads(int(os.environ.get("LC_BENCH_THREADS", "2")))
model = None


def timed(work):
    start = time.perf_counter()
    result = work()
    return (time.perf_counter() - start) * 1e3, result


def load(request):
    def work():
        global model
        folder, file = os.path.split(request["model"])
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32, attn_implementation="sdpa").eval()

    ms, _ = timed(work)
    return {"ms": ms, "version": f"torch {torch.__version__}, transformers {transformers.__version__}", "detail": {"threads": torch.get_num_threads()}}


@torch.inference_mode()
def score(request):
    ids = torch.tensor([request["ids"]])

    def work():
        logits = model(ids, use_cache=False).logits[0, :-1]
        return -torch.log_softmax(logits, -1).gather(-1, ids[0, 1:, None]).mean().item()

    ms, nll = timed(work)
    return {"ms": ms, "nll": nll}


@torch.inference_mode()
def prefill(request):
    ids = torch.tensor([request["ids"]])
    return {"ms": timed(lambda: model(ids, use_cache=True, logits_to_keep=1))[0]}


@torch.inference_mode()
def decode(request):
    ids = torch.tensor([request["ids"]])
    out = model(ids, use_cache=True, logits_to_keep=1)
    cache, token, made = out.past_key_values, out.logits[0, -1].argmax(), []

    def work():
        nonlocal token
        for _ in range(request["steps"]):
            made.append(token.item())
            token = model(token.view(1, 1), past_key_values=cache, use_cache=True).logits[0, -1].argmax()

    return {"ms": timed(work)[0], "steps": len(made)}


answer_requests({"load": load, "score": score, "prefill": prefill, "decode": decode})

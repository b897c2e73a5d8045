"""The official LLMLingua and LLMLingua-2 (PyPI llmlingua 0.2.2), float32 on the CPU.

LC_BENCH_LINGUA: a folder with cl100k_base.json (the ranks of GPT-3.5's tokenizer), tokenizer.json of the model and, when it was
made, bert-base-multilingual-cased (a random classifier); the model's float32 weights are kept there too. Sentences are cut after
. ! or ? in place of NLTK's punkt, which the package would fetch. Nothing else of it is changed.
"""
import os
import sys
import time

import nltk
import tiktoken
import torch
import transformers
from answer_requests import answer_requests
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

fixture = os.path.join(os.path.dirname(__file__), "..", "..", "packages", "compress", "fixtures", "llmlingua")
sys.path.insert(0, fixture)
from make import gpt35_encoding, split_sentences  # noqa: E402

folder = os.environ["LC_BENCH_LINGUA"]
encoding = gpt35_encoding(os.path.join(folder, "cl100k_base.json"))
tiktoken.encoding_for_model = lambda name: encoding
nltk.sent_tokenize = split_sentences
from llmlingua import PromptCompressor  # noqa: E402

torch.set_num_threads(int(os.environ.get("LC_BENCH_THREADS", "2")))
torch.set_grad_enabled(False)
compressors = {}


def convert(gguf):
    """The model in float32, saved once."""
    target = os.path.join(folder, "float32")
    if not os.path.exists(os.path.join(target, "done")):
        source, file = os.path.split(gguf)
        AutoModelForCausalLM.from_pretrained(source, gguf_file=file, torch_dtype=torch.float32).save_pretrained(target)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=os.path.join(folder, "tokenizer.json"),
            eos_token="<|im_end|>",
            pad_token="<|im_end|>",
            clean_up_tokenization_spaces=False,
        )
        tokenizer.save_pretrained(target)
        open(os.path.join(target, "done"), "w").close()
    return target


def load(request):
    start = time.perf_counter()
    compressors["llmlingua"] = PromptCompressor(convert(request["model"]), device_map="cpu")
    classifier = os.path.join(folder, "bert-base-multilingual-cased")
    if os.path.exists(classifier):
        compressors["llmlingua2"] = PromptCompressor(classifier, device_map="cpu", use_llmlingua2=True)
    version = f"llmlingua 0.2.2, torch {torch.__version__}, transformers {transformers.__version__}"
    return {"ms": (time.perf_counter() - start) * 1e3, "version": version}


def compress(request):
    compressor = compressors[request["method"]]
    start = time.perf_counter()
    result = compressor.compress_prompt([request["text"]], rate=request["rate"])
    ms = (time.perf_counter() - start) * 1e3
    return {"ms": ms, "text": result["compressed_prompt"], "detail": {"GPT-3.5 tokens": result["compressed_tokens"]}}


answer_requests({"load": load, "compress-text": compress})

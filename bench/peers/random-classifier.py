"""A random token classifier of the shape of mBERT base (177 million parameters), with a WordPiece vocabulary of given texts.

    python random-classifier.py --corpus FILE --out FOLDER/bert-base-multilingual-cased

The official LLMLingua-2 tells the family by the folder's name. What the weights say means nothing; how long they take does.
"""

import argparse

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train_word_piece(text):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        [text], trainers.WordPieceTrainer(vocab_size=8000, special_tokens=SPECIALS, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    with open(options.corpus, encoding="utf-8") as file:
        tokenizer = train_word_piece(file.read())
    # the program's stand-ins for forced tokens: where they are missing it adds them, with random rows
    tokenizer.add_special_tokens({"additional_special_tokens": [f"[NEW{index}]" for index in range(100)]})
    torch.manual_seed(7)
    config = BertConfig(vocab_size=119547, num_labels=2, pad_token_id=tokenizer.pad_token_id)
    model = BertForTokenClassification(config)
    # as they are initialised all words have nearly the same probability; a trained classifier tells them apart
    model.classifier.weight.mul_(40)
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()

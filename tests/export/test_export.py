"""The exported SavedModel: what TensorFlow Serving finds in it, and that nothing half-written has a version's name."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from colorgan_tf.errors import InputError
from colorgan_tf.export import saved_model as export
from colorgan_tf.export import warmup_records
from colorgan_tf.inference import training_run

# Feeds the graph directly, as a server does, without the checks that Python makes.
RAW_CALL = """
import sys
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.framework import op_def_registry
tf.compat.v1.disable_eager_execution()
with tf.compat.v1.Session() as session:
    graph = tf.compat.v1.saved_model.load(session, ["serve"], sys.argv[1])
    nodes = [*graph.graph_def.node, *(node for f in graph.graph_def.library.function for node in f.node_def)]
    assert "tensorflow_io" not in sys.modules
    foreign = {node.op for node in nodes if op_def_registry.get(node.op) is None}
    functions = {f.signature.name for f in graph.graph_def.library.function}
    print("foreign operations:", sorted(foreign - functions))
    signature = graph.signature_def["luma_to_chroma"]
    names = {"feed": [signature.inputs["luma"].name], "fetch": [signature.outputs["chroma"].name]}
    run = session._make_callable_from_options(config_pb2.CallableOptions(**names))
    call = lambda luma: run(luma)[0]
    print("right:", call(np.zeros((1, 5, 3, 1), np.float32)).shape)
    for shape in ((5, 3, 1), (5,), (), (1, 1, 5, 3, 1), (1, 5, 3, 3), (0, 5, 3, 1), (1, 0, 3, 1), (1, 5, 0, 1)):
        try:
            print("accepted", shape, call(np.zeros(shape, np.float32)).shape)
        except tf.errors.InvalidArgumentError as error:
            print("refused", shape)
"""


@pytest.fixture(scope="module")
def servable(tiny_run, tmp_path_factory):
    output = tmp_path_factory.mktemp("models") / "mine"
    assert export.export(tiny_run, output) == output / "1"
    return output


@pytest.fixture(scope="module")
def loaded(servable):
    return tf.saved_model.load(str(servable / "1"))


def test_versions_are_numbered_and_hold_everything(servable, tiny_run):
    assert export.export(tiny_run, servable, "last") == servable / "2"
    assert sorted(path.name for path in servable.iterdir()) == ["1", "2"]
    files = {path.relative_to(servable / "1").as_posix() for path in (servable / "1").rglob("*") if path.is_file()}
    assert {"saved_model.pb", "variables/variables.index"} <= files
    extra = {"assets.extra/colorgan.json", "assets.extra/MODEL_CARD.md", "assets.extra/tf_serving_warmup_requests"}
    assert extra <= files
    settings = json.loads((servable / "1/assets.extra/colorgan.json").read_text())
    assert (settings["input_resolution"], settings["multiple"], settings["config"]["preset"]) == (256, 256, "tiny")
    assert "frechet" in settings["metrics"]
    assert "seed 0" in (servable / "1/assets.extra/MODEL_CARD.md").read_text()


def test_the_signature_is_the_documented_one(loaded):
    signature = loaded.signatures["luma_to_chroma"]
    (luma,) = signature.structured_input_signature[1].values()
    assert (luma.name, luma.dtype, luma.shape.as_list()) == ("luma", tf.float32, [None, None, None, 1])
    chroma = signature.structured_outputs["chroma"]
    assert (chroma.dtype, chroma.shape.rank, chroma.shape[-1]) == (tf.float32, 4, 2)


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (256, 256)])
def test_any_size_is_coloured_as_by_the_run_itself(loaded, tiny_run, size):
    luma = np.random.default_rng(0).random((1, *size, 1), np.float32)
    chroma = loaded.signatures["luma_to_chroma"](luma=tf.constant(luma))["chroma"]
    assert chroma.shape == (1, *size, 2)
    np.testing.assert_allclose(chroma, training_run.generator(tiny_run).chroma(luma), atol=1e-5)


def test_weights_are_stored_once(servable, tiny_run):
    data = next((servable / "1/variables").glob("variables.data*")).stat().st_size
    assert 1 <= data / (4 * training_run.generator(tiny_run).network.count_params()) < 1.05


def test_wrong_ranks_and_empty_pictures_are_errors_and_all_operations_are_core_ones(servable):
    command = [sys.executable, "-c", RAW_CALL, str(servable / "1")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert lines[:2] == ["foreign operations: []", "right: (1, 5, 3, 2)"]
    assert len(lines) == 10
    assert all(line.startswith("refused") for line in lines[2:]), lines


def test_warm_up_requests_can_be_answered(servable, loaded):
    records = list(tf.data.TFRecordDataset(str(servable / "1/assets.extra" / warmup_records.FILE)).as_numpy_iterator())
    warmed = set()
    for record in records:
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        assert request.model_spec.name == "mine"
        warmed.add(request.model_spec.signature_name)
        inputs = {name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()}
        assert loaded.signatures[request.model_spec.signature_name](**inputs)
    assert warmed == set(loaded.signatures)


def test_an_interrupted_export_leaves_no_version(tiny_run, tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(warmup_records, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            export.export(tiny_run, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.isdigit()]
    assert export.export(tiny_run, tmp_path).name == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_what_is_no_finished_run_is_refused(tiny_run, tmp_path):
    with pytest.raises(InputError, match="must be the folder of a training run. Received: .*nowhere"):
        export.export(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "young").mkdir()
    shutil.copy(tiny_run / "config.json", tmp_path / "young")
    with pytest.raises(InputError, match="must have reached its first checkpoint"):
        export.export(tmp_path / "young", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="`output` must be a folder that can be written"):
        export.export(tiny_run, tmp_path / "file")

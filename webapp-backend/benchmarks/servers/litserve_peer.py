"""LitServe with the same model as a compiled TensorFlow function, batched as it proposes."""

import io
import os
import sys
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import litserve as ls
import numpy as np
from fastapi import Request
from PIL import Image


class Detector(ls.LitAPI):  # type: ignore[misc]
    def setup(self, _device: str) -> None:
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(sys.argv[1], compile=False)
        _, self.height, self.width, _ = model.input_shape
        spec = tf.TensorSpec((None, self.height, self.width, 3), tf.float32)
        self.function = tf.function(lambda x: model(x, training=False), input_signature=[spec])

    def decode_request(self, request: Request) -> Any:
        image = Image.open(io.BytesIO(request["image"].file.read())).convert("RGB")
        return np.asarray(image.resize((self.width, self.height)), np.float32)

    def batch(self, inputs: list[Any]) -> Any:
        return np.stack(inputs)

    def predict(self, x: Any) -> Any:
        return self.function(x).numpy()[:, 0]

    def unbatch(self, output: Any) -> Any:
        return list(output)

    def encode_response(self, output: Any) -> dict[str, object]:
        return {"prediction": "Fake" if output >= 0.5 else "Real", "confidence": float(output)}


if __name__ == "__main__":
    api = Detector(max_batch_size=8, batch_timeout=0.002, api_path="/api/predict")
    server = ls.LitServer(api, accelerator="cpu")
    server.run(port=int(sys.argv[2]), generate_client_file=False, log_level="warning")

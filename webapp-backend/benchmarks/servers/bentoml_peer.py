"""BentoML with the same model as a compiled TensorFlow function, adaptively batched."""

import os
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import bentoml
import numpy as np
from PIL.Image import Image


@bentoml.service(workers=1, traffic={"timeout": 60})
class Detector:
    def __init__(self) -> None:
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(os.environ["MODEL"], compile=False)
        _, self.height, self.width, _ = model.input_shape
        spec = tf.TensorSpec((None, self.height, self.width, 3), tf.float32)
        self.function = tf.function(lambda x: model(x, training=False), input_signature=[spec])

    @bentoml.api(route="/api/predict")  # type: ignore[untyped-decorator]
    def predict(self, image: Image) -> dict[str, Any]:
        resized = image.convert("RGB").resize((self.width, self.height))
        fake = float(self.function(np.asarray(resized, np.float32)[None]).numpy()[0, 0])
        return {"prediction": "Fake" if fake >= 0.5 else "Real", "confidence": fake}

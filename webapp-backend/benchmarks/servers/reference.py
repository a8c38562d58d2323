"""The reference project's way: Flask, Pillow's resize, model.predict, one request a thread."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
from flask import Flask, request
from PIL import Image

model = keras.saving.load_model(sys.argv[1])
_, height, width, _ = model.input_shape
app = Flask(__name__)


@app.post("/api/predict")  # type: ignore[untyped-decorator]
def predict() -> dict[str, object]:
    image = Image.open(request.files["image"].stream).convert("RGB").resize((width, height))
    pixels = np.asarray(image, np.float32)[None]
    fake = float(model.predict(pixels, verbose=0)[0][0])
    return {"prediction": "Fake" if fake >= 0.5 else "Real", "confidence": fake}


app.run(port=int(sys.argv[2]), threaded=True)

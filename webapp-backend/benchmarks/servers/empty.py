"""FastAPI that only reads the upload: what HTTP alone costs here."""

import sys

import uvicorn
from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/api/predict")
async def predict(image: UploadFile) -> dict[str, int]:
    return {"size": len(await image.read())}


uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")

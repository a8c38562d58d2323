import time
import zipfile

import requests

SERVICE = "http://localhost:8000"

with zipfile.ZipFile("pictures.zip", "w") as archive:
    archive.write("portrait.jpg")
with open("pictures.zip", "rb") as archive:
    answer = requests.post(f"{SERVICE}/api/jobs", files={"archive": archive}, timeout=60)
answer.raise_for_status()
job = f"{SERVICE}/api/jobs/{answer.json()['job']['id']}"
while requests.get(job, timeout=60).json()["job"]["state"] in ("waiting", "running"):
    time.sleep(1)
print(requests.get(f"{job}/results", params={"format": "csv"}, timeout=60).text)

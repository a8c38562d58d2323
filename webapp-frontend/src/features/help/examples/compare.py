import requests

SERVICE = "http://localhost:8000"

with open("portrait.jpg", "rb") as picture:
    answer = requests.post(
        f"{SERVICE}/api/predict",
        params={"models": "all", "history": "false"},
        files={"image": picture},
        timeout=60,
    )
answer.raise_for_status()
for result in answer.json()["results"]:
    print(f"{result['model']}: {result['verdict']}, {result['probability']['fake']:.3f}")

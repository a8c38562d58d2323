# Every model judges the picture; history=false keeps the verdicts out of the history.
curl --fail-with-body -F image=@portrait.jpg "http://localhost:8000/api/predict?models=all&history=false"

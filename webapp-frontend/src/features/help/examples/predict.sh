# The active model judges the picture.
curl --fail-with-body -F image=@portrait.jpg "http://localhost:8000/api/predict"

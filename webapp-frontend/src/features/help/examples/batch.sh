# A ZIP archive becomes a job. Its table is ready when the job has ended.
python3 -m zipfile -c pictures.zip portrait.jpg
job=$(curl --fail-with-body -sS -F archive=@pictures.zip "http://localhost:8000/api/jobs" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["job"]["id"])')
curl -sS -N "http://localhost:8000/api/jobs/$job/events"
curl --fail-with-body -sS "http://localhost:8000/api/jobs/$job/results?format=csv"

"""The limit of this machine: decoding and the bare engine on all cores, without a service.

`python limit.py MODEL PICTURES SECONDS` prints JSON.
"""

import json
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from app.core.resources import available_cpus
from detection_model import imaging
from detection_model.card import InputSpec, file_sha256, read_card


def main(model: Path, folder: Path, seconds: float) -> None:
    """Count pictures until the time is over."""
    pictures = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:64]]
    converted, spec = prepared(model)
    done: list[int] = []

    def work() -> None:
        interpreter = Interpreter(model_content=converted, num_threads=1)
        interpreter.allocate_tensors()
        into = interpreter.get_input_details()[0]["index"]
        out = interpreter.get_output_details()[0]["index"]
        count = 0
        while time.perf_counter() < end:
            picture = imaging.decode(pictures[count % len(pictures)])
            interpreter.set_tensor(into, imaging.to_input(picture.pixels, spec)[None])
            interpreter.invoke()
            interpreter.get_tensor(out)
            count += 1
        done.append(count)

    threads = [threading.Thread(target=work) for _ in range(available_cpus())]
    before, begin = cpu(), time.perf_counter()
    end = begin + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {
        "throughput": sum(done) / took,
        "cpu": (cpu() - before) / sum(done) * 1000,
        "megabytes": peak / 1000,
    }
    print(json.dumps(result))


def prepared(model: Path) -> tuple[bytes, InputSpec]:
    """Convert a model file as the worker does, in a process that ends afterwards."""
    import subprocess

    with tempfile.TemporaryDirectory() as folder:
        code = (
            "import sys; from pathlib import Path\n"
            "from detection_model.export.litert import compile_model\n"
            "compile_model(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))"
        )
        command = [sys.executable, "-c", code, str(model), file_sha256(model), folder]
        subprocess.run(command, check=True, stdout=sys.stderr)
        return (Path(folder) / "model.tflite").read_bytes(), read_card(
            model.with_suffix(".json")
        ).input


def cpu() -> float:
    """Seconds of this process so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))

"""`python -m app.tensorboard`: TensorBoard without TensorFlow.

It would load TensorFlow where that is installed, for seconds and hundreds of megabytes; curves,
pictures and hyperparameters need none of it.
"""

import sys
from types import ModuleType


def main() -> None:
    """Run TensorBoard with the arguments of the command line."""
    # TensorBoard's own switch; it is looked at when TensorBoard is imported.
    sys.modules["tensorboard.compat.notf"] = ModuleType("tensorboard.compat.notf")
    from tensorboard.main import run_main

    run_main()


main()

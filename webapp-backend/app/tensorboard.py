"""`python -m app.tensorboard`: TensorBoard without TensorFlow.

TensorBoard would load TensorFlow if it is installed, which costs seconds and hundreds of megabytes.
Curves, pictures and hyperparameters do not need it.
"""

import sys
from types import ModuleType

from app.core.parent import exit_with_parent


def main() -> None:
    """Run TensorBoard with the arguments of the command line."""
    exit_with_parent()
    # TensorBoard's own switch, read when TensorBoard is imported.
    sys.modules["tensorboard.compat.notf"] = ModuleType("tensorboard.compat.notf")
    from tensorboard.main import run_main

    run_main()


main()

"""Entry point of `detection-model` and `python -m detection_model`."""

import sys


def main() -> None:
    """Run the command line, or name the command that installs it."""
    try:
        from detection_model.cli import app
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("detection_model"):
            raise
        sys.exit(
            f"detection-model needs the package {error.name}, which is not installed: run "
            "`make train` in the repository, or `pip install 'detection-model[train]'`."
        )
    app()


if __name__ == "__main__":
    main()

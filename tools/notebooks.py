"""Executes notebooks from top to bottom and saves them with small outputs: `make notebooks`.

Outputs read well on their own and hold no path of this machine. A short training suffices: the
notebooks state the number of epochs behind their outputs.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import nbformat
import typer
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from traitlets import default
from traitlets.config import Config

NOTEBOOKS = Path(__file__).parents[1] / "detection-model" / "notebooks"
NOT_KEPT = "Pictures of the data set are not kept in the repository: run this cell to see them.\n"
_SECONDS = re.compile(r" - \d+s - \d+m?s/step")
# Start messages of native libraries, which differ from machine to machine.
_NATIVE_LOGS = re.compile(r"WARNING: All log messages before absl|[IW]\d{4} |INFO: Created Tensor")
_COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


class ThisPython(AsyncKernelManager):
    """Starts kernels of the running Python, whatever kernels are installed."""

    @default("kernel_spec_manager")
    def _no_others(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def main(
    notebooks: Annotated[list[Path] | None, typer.Argument(help="Default: all of ours.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="What EPOCHS becomes.")] = 3,
) -> None:
    """Execute notebooks and save them with their outputs."""
    for path in notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        print(f"==> {path.name}", flush=True)
        notebook = nbformat.read(path, as_version=4)
        execute(notebook, path.parent, f"EPOCHS = {epochs}")
        tidy(notebook)
        nbformat.write(notebook, path)


def execute(notebook: NotebookNode, folder: Path, overrides: str) -> None:
    """Run all cells in `folder`, with `overrides` run after the cell tagged `parameters`.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    position = next(n for n, cell in enumerate(notebook.cells) if tagged(cell, "parameters"))
    notebook.cells.insert(position + 1, new_code_cell(overrides))
    with TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=None,
            startup_timeout=300,
            kernel_name="python3",
            kernel_manager_class=ThisPython,
            # Kernels that start together can pick the same TCP port; sockets in files cannot clash.
            config=Config(ThisPython={"transport": "ipc", "ip": f"{sockets}/kernel"}),
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute()
    del notebook.cells[position + 1]


def tidy(notebook: NotebookNode) -> None:
    """Remove what differs between runs, and pictures of the data set."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        cell.metadata.pop("execution", None)
        if tagged(cell, "faces"):
            cell.outputs = [new_output("stream", name="stdout", text=NOT_KEPT)]
        cell.outputs = [output for output in cell.outputs if not _is_native_log(output)]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            if "text" in output:
                output.text = _SECONDS.sub("", output.text)
            data = output.get("data", {})
            if "text/plain" in data:
                # Only terminals show colours there; the HTML next to it has its own.
                data["text/plain"] = _COLOUR_CODES.sub("", data["text/plain"])
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _is_native_log(output: NotebookNode) -> bool:
    """Every line of the output comes from a native library."""
    if output.get("name") != "stderr":
        return False
    return all(_NATIVE_LOGS.match(line) for line in output.text.splitlines())


def tagged(cell: NotebookNode, tag: str) -> bool:
    """The cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()

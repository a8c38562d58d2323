"""The command line: `detection-model` or `python -m detection_model`."""

import os

# TensorFlow's C++ side logs to stderr from its first import on.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import typer

from detection_model.cli import (
    average,
    average_spectra,
    backbone_study,
    benchmark,
    calibrate,
    card,
    cases,
    collect,
    compare,
    ensemble,
    evaluate,
    explain,
    export,
    fault_study,
    forensics,
    inspect_data,
    manipulate,
    predict,
    provenance,
    sweep,
    synthetic,
    train,
    verdicts,
)

app = typer.Typer(
    name="detection-model",
    help="""Train, evaluate and use detectors of generated portraits.

    A first round, with a data set in data/Dataset:

      detection-model train v3 --data data/Dataset

      detection-model evaluate v3 --data data/Dataset

      detection-model predict portrait.jpg --model v3

    Each command explains itself: detection-model train --help
    """,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("inspect-data")(inspect_data.command)
app.command("average-spectra")(average_spectra.command)
app.command("collect")(collect.command)
app.command("train")(train.command)
app.command("average")(average.command)
app.command("evaluate")(evaluate.command)
app.command("manipulate")(manipulate.command)
app.command("cases")(cases.command)
app.command("benchmark")(benchmark.command)
app.command("calibrate")(calibrate.command)
app.command("verdicts")(verdicts.command)
app.command("compare")(compare.command)
app.command("ensemble")(ensemble.command)
app.command("sweep")(sweep.command)
app.command("backbone-study")(backbone_study.command)
app.command("fault-study")(fault_study.command)
app.command("predict")(predict.command)
app.command("explain")(explain.command)
app.command("forensics")(forensics.command)
app.command("provenance")(provenance.command)
app.command("card")(card.command)
app.command("export")(export.command)
app.command("synthetic")(synthetic.command)

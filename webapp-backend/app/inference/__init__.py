"""From files in a folder to verdicts: folder, registry, predictor."""

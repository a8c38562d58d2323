"""Model files to verdicts: folder, registry, engines, predictor."""
